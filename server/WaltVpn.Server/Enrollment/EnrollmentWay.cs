namespace WaltVpn.Server.Enrollment;

/// <summary>By which protocol a key was brought; the database has the word in lower case.</summary>
internal enum EnrollmentWay
{
    /// <summary>The conversation over SSH: the key was proved over a nonce of ours.</summary>
    Ssh,

    /// <summary>WalT's HTTP protocol from inside the platform's network: nothing was proved; the node is marked legacy.</summary>
    Http,
}
