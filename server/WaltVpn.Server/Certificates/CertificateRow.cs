namespace WaltVpn.Server.Certificates;

/// <summary>A released certificate, as the journal has it.</summary>
internal sealed record CertificateRow(long Serial, string NodeId, string KeyId, long ValidAfter, long ValidBefore, string Certificate)
{
    /// <summary>From its first second to its end.</summary>
    public TimeSpan Life => TimeSpan.FromSeconds(ValidBefore - ValidAfter);

    /// <summary>True for the base64 blob of this very certificate: one with the same serial that somebody else had signed is another.</summary>
    public bool HasBlob(string base64) => Certificate.Split(' ') is [_, var own, ..] && own == base64;

    /// <summary>
    /// True in the second half of its life: the next one is due (docs/security.md CERT-2). A fleet that was switched on together spreads over a tenth of that
    /// life, by what is random in its serials.
    /// </summary>
    public bool IsDue(DateTimeOffset now)
    {
        var life = ValidBefore - ValidAfter;
        var share = (Serial & ((1L << CertificateJournal.RandomBits) - 1)) / (double)(1L << CertificateJournal.RandomBits);
        return now.ToUnixTimeSeconds() - ValidAfter > (life / 2) + (life / 10.0 * share);
    }
}
