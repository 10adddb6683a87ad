using Shouldly;
using WaltVpn.Agent.OpenSsh;
using WaltVpn.Agent.Reconcile;
using WaltVpn.Agent.Tests.Reconcile;
using WaltVpn.Eeprom;
using WaltVpn.Eeprom.Tests;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Reconcile;

/// <summary>What holds for whatever settings follow each other on one board.</summary>
public sealed class RandomSettingsTests
{
    private const int Rounds = 10_000;

    [Fact]
    public void ThereIsSomethingToDoExactlyWhenTheSettingsSayAnotherThing()
    {
        var random = new Random(160);
        var image = EepromImage.Parse(SyntheticImage.Create(SyntheticImage.Pi4));
        var (changes, refused, lastKey, last) = (0, 0, default(Secret), default(DesiredSettings));
        for (var round = 0; round < Rounds; round++)
        {
            var node = random.Next(Desired.Material.Nodes.Count);
            // Mostly one step away from the settings of before, as a server changes.
            var desired = last is null || random.Next(10) == 0 ? Draw(random, node) : Step(random, last);
            node = Enumerable.Range(0, Desired.Material.Nodes.Count).First(i => Desired.Certificate(i, 0).Key == desired.Certificate.Key);
            var key = Desired.Material.Nodes[node].Key;
            ReconcileResult result;
            try
            {
                result = Reconciliation.Compare(null, image, desired, key, DateTimeOffset.FromUnixTimeSeconds(1_800_000_000 + round));
            }
            catch (EepromException refusal) when (refusal.Fault == EepromFault.DoesNotFit)
            {
                refused++;
                continue;
            }

            (result is ReconcileResult.NothingToDo).ShouldBe(ReferenceEquals(key, lastKey) && Says(desired, last!), $"round {round}");
            if (result is not ReconcileResult.Change change) continue;
            changes++;
            change.Differences.ShouldBeUnique();
            change.Image.Read(EepromFiles.BootConfig).Length.ShouldBeLessThanOrEqualTo(Reconciliation.LargestConfig);
            Reconciliation.Compare(null, change.Image, desired, key, DateTimeOffset.UnixEpoch).ShouldBeOfType<ReconcileResult.NothingToDo>();
            // Rarely cut short: the image may also stay what it was, as after a failed write.
            if (random.Next(20) == 0) continue;
            (image, last, lastKey) = (change.Image, desired, key);
        }

        changes.ShouldBeGreaterThan(Rounds / 2);
        (Rounds - changes - refused).ShouldBeGreaterThan(Rounds / 50, "some rounds have nothing to do");
    }

    /// <summary>True when a board with the one has all that the other asks for, in words independent of the code under test.</summary>
    private static bool Says(DesiredSettings wanted, DesiredSettings has) =>
        wanted.Entrypoints.SequenceEqual(has.Entrypoints) && wanted.HttpHost == has.HttpHost && wanted.HttpPath == has.HttpPath
        && wanted.BootMode == has.BootMode && wanted.Mac == has.Mac && wanted.Certificate.Line == has.Certificate.Line
        && wanted.BootKey.ToBinary().AsSpan().SequenceEqual(has.BootKey.ToBinary()) && Written(wanted).SetEquals(Written(has));

    private static HashSet<string> Written(DesiredSettings settings)
    {
        var lines = settings.HostKeys.Select(key => (key.Host, Line: $"{key.Host} {key.Type} {key.Key}", IsRsa: key.Type == "ssh-rsa")).ToList();
        return [.. lines.Where(line => !line.IsRsa || lines.All(other => other.Host != line.Host || other.IsRsa)).Select(line => line.Line)];
    }

    private static DesiredSettings Step(Random random, DesiredSettings last) => random.Next(8) switch
    {
        0 => last,
        1 => last with { HttpHost = Name(random) },
        2 => last with { HttpPath = $"walt-vpn/per-ip/10-0-{random.Next(4)}-{random.Next(4)}" },
        3 => last with { BootMode = (VpnBootMode)random.Next(2) },
        4 => last with { Mac = Mac(random) },
        5 => last with { BootKey = RsaPublicKey.FromPem(Desired.Material.BootKeys[random.Next(3)]) },
        6 => last with { HostKeys = Keys(random, last.HostNames) },
        _ => Entrypoints(random, last),
    };

    private static DesiredSettings Draw(Random random, int node) => Entrypoints(random, Desired.First with
    {
        HttpHost = Name(random),
        HttpPath = $"walt-vpn/per-ip/10-0-{random.Next(4)}-{random.Next(4)}",
        BootMode = (VpnBootMode)random.Next(2),
        Mac = Mac(random),
        Certificate = Desired.Certificate(node, random.Next(2)),
        BootKey = RsaPublicKey.FromPem(Desired.Material.BootKeys[random.Next(3)]),
    });

    private static DesiredSettings Entrypoints(Random random, DesiredSettings settings)
    {
        var places = Enumerable.Range(0, 1 + random.Next(3)).Select(_ => new SshEntrypoint(Name(random), random.Next(3) == 0 ? 2222 : 22)).Distinct().ToList();
        string[] names = [.. places.Select(KnownHosts.NameOf), "server.walt"];
        return settings with { Entrypoints = places, HostNames = names, HostKeys = Keys(random, names) };
    }

    private static List<HostKey> Keys(Random random, IEnumerable<string> names)
    {
        var keys = new List<HostKey>();
        foreach (var name in names)
        {
            if (random.Next(4) == 0) keys.Add(Desired.RsaHost(name, random.Next(2)));
            if (random.Next(8) > 0 || keys.All(key => key.Host != name)) keys.Add(Desired.Host(name, random.Next(4)));
        }

        return keys;
    }

    private static string Name(Random random) => $"{(char)('a' + random.Next(4))}{random.Next(3)}.example.org";

    private static MacAddress Mac(Random random) => MacAddress.Parse($"52:54:00:00:00:0{random.Next(4)}");
}
