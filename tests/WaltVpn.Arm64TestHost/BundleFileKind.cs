namespace WaltVpn.Arm64TestHost;

/// <summary>Kinds of files in a single-file program, with their numbers in its table.</summary>
internal enum BundleFileKind : byte
{
    /// <summary>Anything else.</summary>
    Unknown,

    /// <summary>An assembly.</summary>
    Assembly,

    /// <summary>A native library.</summary>
    NativeBinary,

    /// <summary>The list of what belongs to the application.</summary>
    DependenciesJson,

    /// <summary>The runtime's settings.</summary>
    RuntimeConfigJson,

    /// <summary>Debug information.</summary>
    Symbols,
}
