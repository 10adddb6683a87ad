using System.Text;

namespace WaltVpn.Eeprom.Tests;

/// <summary>Inputs, and the hashes of what Raspberry Pi's rpi-eeprom-config (rpi-eeprom at 86759b04, August 2026) made of the vendor's images
/// with them.</summary>
internal static class Vectors
{
    /// <summary>A public key whose private half nobody kept.</summary>
    public const string PublicKeyPem = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArIx9SjTInAt9gIxCkEA7
        rBmEv2kgh+m2LwW/KxwXgH8OThUX8ukfea/6TX5ddEvfzgkjFgfe894Y9FEa8HDC
        Y1pIp71t8wLUNd4StgkbFpBqZukMaV4ySaA+ESxaKfxTvBPcPOmqBXTJX2iD5S2d
        Lfnq4fxtAUtDvqlOaRmhfw+mC+Ju2Hz/lINO2sktN0OmBvQCalPoUboEtzB50fiG
        RBB6r2KJdBMr9OgCg2oZzbKEUrnn7UWb/b1IloLi1DHgkxPL6ltlkuTC6e2JFqpQ
        eUxPJSvy2jdRHhKLO/eNSAJt0EIQrTQdw9Cfnfr3UD7Roc8jSIjJfCuUVs5IcJAG
        wQIDAQAB
        -----END PUBLIC KEY-----

        """;

    public const string PublicKeyBinaryHash = "390f8b8fc15ba3341acc1d3cce17ea25aae4215adc3d1cf48ec5dfab7ff0f2d9";

    public const string Config = """
        [all]
        BOOT_UART=1
        BOOT_ORDER=0xf127
        NET_INSTALL_ENABLED=0
        ENABLE_SELF_UPDATE=1
        HTTP_HOST=vpn.example.org
        HTTP_PATH=walt/boot/rpi-5-b
        DHCP_REQ_TIMEOUT=500

        """;

    public const string ConfigHash = "b98c09c0dfbcef2bd806c0225b5b796f8df7a5cf57d1e1ff8ffeb84cc0028fa0";

    public static byte[] Signature { get; } = Bytes(new string('0', 64) + "\nts: 1700000000\n");

    public static uint Time => 1_700_000_000;

    public const string NewestPi5 = "2712/pieeprom-2026-05-26.bin";
    public const string SinglePi5 = "2712/pieeprom-2025-02-12.bin";
    public const string NewestPi4 = "2711/pieeprom-2026-05-17.bin";

    /// <summary>What was done, to which image, and the hash of the result.</summary>
    public static IReadOnlyDictionary<(string Edit, string Image), string> Results { get; } = new Dictionary<(string, string), string>
    {
        [("C1", NewestPi5)] = "cdf289e1a04c96b3cbca0cb87220f0af4964cd33fcb3b42f23a66ae84cddcb5c",
        [("C1", SinglePi5)] = "0666beed2dcdd22970cdca5b79a182308f7c08a7ff941c6535a3324d20bbb69a",
        [("C1", NewestPi4)] = "3264202a381d55753f7b0c642d51973432c3bd90e1df837c977a4ada819d0aa6",
        [("C1+K", NewestPi5)] = "78d3477b1dad549e8adfbcf2cfaede21fdfa0563476fe28e75d0823feec3767a",
        [("C1+K", SinglePi5)] = "fbea745986282854c3f333c7eb020c338d75399b9fa96a89cf4c2f32135abde1",
        [("C1+K", NewestPi4)] = "e75618f710a7115afe3d79f0e8ba7d2abdd160349329afab640f896a13222cee",
        [("C2", NewestPi5)] = "0f42ef97163584f7b0900cc383f122c4424ab5615d912a0eb3b6a04139af8176",
        [("C2", SinglePi5)] = "56fc0119237acf0b514edee55a8369ea5af3328df9cc689a4e94d9a0ee1cada4",
        [("C2", NewestPi4)] = "1a892c1b9dc7497425e3440a884f174e55d4dec577ac5f32c2557cda842a813a",
        [("C3", NewestPi5)] = "773f59f25d6ef57a33567669ffea0eda1d4753bc982c51714e616fd4de57aafb",
        [("C3", SinglePi5)] = "658a1d54e7bff4122f55d7c8b0c5172ef2ff7c516f208cf4fff1a471cb0c8a56",
        [("C3", NewestPi4)] = "b5e62d6a9c8bdd0baee3069fd41b4d7c3d541fd9cf9135132549c0f35963a87b",
        [("C1+S+K", NewestPi5)] = "155ca2bee1b12993858ba38157078ccd0595ac493fcf5deb131fb7ac9709595d",
        [("C1+S+K", SinglePi5)] = "f8900227f1250cd903f02c7184ebf6bf984b28f5bf02ccd924c40d11db94432e",
        [("C1+S+K", NewestPi4)] = "615f86b5f059d3068044bf9c16ceea4840d6af7f7a231c2ae06d5aedca55532f",
        [("T", NewestPi5)] = "4647e7b1c6917e17c5dcb01dde8f86bf979f528b568d5d7d5d8987c4bd468125",
        [("T", SinglePi5)] = "cce854fcbdc607a00fa88ca356145f4b8390f722e65eebffebeec0fa8f2ef83d",
        [("T", NewestPi4)] = "7dee678645caa3cf5de2c68c7b86769f66fd942da839ea3d94817c33c88b1e1b",
        [("C4", NewestPi5)] = "1b202bf69c61f78ce54db86ed0228339aee6d6e49027cbd54b9f11855b37c473",
        [("C4", SinglePi5)] = "f7c62e0361430c609a3daf4ab0dd2ca97401ab258461654226f8817c7c615fb6",
        [("C4", NewestPi4)] = "1e3dd3ed5334710ab54d6f3ac1d49131f5c7c9c56b1725f32f2e1abff06ee7d4",
    };

    /// <summary>The configuration of an edit; null when it sets none.</summary>
    public static byte[]? ConfigOf(string edit) => edit[..Math.Min(2, edit.Length)] switch
    {
        "C1" => Bytes(Config),
        "C2" => Bytes(new string('a', 4072)),
        "C3" => Bytes(new string('a', 4076)),
        "C4" => Bytes("Y"),
        _ => null,
    };

    public static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);
}
