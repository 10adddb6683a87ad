namespace WaltVpn.Integration.Tests.Platform;

/// <summary>The smallest operating system: a shell as its init, which tells the console how its root was mounted.</summary>
internal static class SmallRoot
{
    private const string Init = """
        #!/bin/sh
        exec >/dev/console 2>&1
        echo "small root: init $$, $(/bin/busybox grep ' / nfs' /proc/mounts | /bin/busybox grep -o 'vers=[^,]*'), $(/bin/busybox uname -s)"
        while :; do /bin/busybox sleep 1; done

        """;

    /// <summary>Puts it into a folder; the init last.</summary>
    public static async Task Make(string folder)
    {
        foreach (var name in (string[])["bin", "dev", "proc", "run", "sbin", "sys"]) Directory.CreateDirectory(Path.Combine(folder, name));
        // This machine's busybox, with the libraries it is linked with.
        await Tool.Succeed("sh", "-c", $"cp --parents $(ldd /bin/busybox | grep -o '/[^ ]*') {folder}");
        await Tool.Succeed("sh", "-c", $"cp /bin/busybox {folder}/bin && ln -s busybox {folder}/bin/sh");
        var init = Path.Combine(folder, "sbin/init");
        await File.WriteAllTextAsync(init + ".new", Init);
        File.SetUnixFileMode(init + ".new", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Move(init + ".new", init);
    }
}
