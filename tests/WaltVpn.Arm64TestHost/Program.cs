using WaltVpn.Arm64TestHost;

// Packs a build of ours (assemblies, which run on any processor) into one arm64 program, for tests on emulated boards where the Native AOT
// compiler for arm64 cannot be had. The runtime comes out of another single-file program for arm64. Never part of a release.
if (args is not [var host, var application, var output])
{
    Console.Error.WriteLine("""
        usage: arm64-test-host HOST APP.dll OUTPUT

        HOST     a self-contained single-file .NET 10 program for linux-arm64, whose runtime is taken
        APP.dll  a framework-dependent build for net10.0; the assemblies beside it go along, as far as they are referenced
        OUTPUT   the program to make

        scripts/lib/arm64-agent does all of it for the agent.
        """);
    return 2;
}

try
{
    var runtime = Bundle.Read(File.ReadAllBytes(host));
    var assemblies = new AssemblyClosure(Path.GetDirectoryName(Path.GetFullPath(application))!, runtime).Of(Path.GetFileNameWithoutExtension(application));
    var program = ProgramWriter.Write(runtime, application, assemblies);
    File.WriteAllBytes(output, program);
    const UnixFileMode Read = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    const UnixFileMode Execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    File.SetUnixFileMode(output, Read | Execute | UnixFileMode.UserWrite);
    Console.WriteLine($"{output}: {program.Length / 1e6:0.0} MB, {assemblies.Count} assemblies");
    return 0;
}
catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"arm64-test-host: {error.Message}");
    return 1;
}
