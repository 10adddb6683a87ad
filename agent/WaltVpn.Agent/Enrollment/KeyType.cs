namespace WaltVpn.Agent.Enrollment;

/// <summary>Kind of a node's key.</summary>
internal enum KeyType
{
    /// <summary>What our servers take.</summary>
    Ed25519,

    /// <summary>ECDSA on P-384, as WalT's nodes have it.</summary>
    EcdsaP384,
}
