using System.Formats.Tar;
using System.Text.RegularExpressions;
using WaltVpn.ImageBuilder.Packages;

namespace WaltVpn.ImageBuilder.Kernel;

/// <summary>Takes the kernel image, its modules and its device trees out of Debian's kernel packages.</summary>
internal sealed partial class KernelUnpacker(PackageReader reader)
{
    /// <summary>All kernel packages start so; nothing else in an image does.</summary>
    private const string PackagePrefix = "linux-";

    /// <summary>True for a package that this class reads; the others hold programs and libraries.</summary>
    public static bool IsKernel(DebianPackage package) => package.Name.StartsWith(PackagePrefix, StringComparison.Ordinal);

    /// <summary>Unpacks into a folder of its own.</summary>
    /// <param name="packages">All packages of the image.</param>
    /// <param name="folder">Exists, is empty, and is nobody else's.</param>
    /// <exception cref="ImageException">The packages hold no kernel, or more than one.</exception>
    public async Task<KernelTree> UnpackAsync(FetchedPackages packages, string folder, CancellationToken cancellation)
    {
        var (image, trees) = (Path.Combine(folder, "vmlinuz"), Path.Combine(folder, "dtb"));
        var releases = new HashSet<string>(StringComparer.Ordinal);
        var newest = DateTimeOffset.MinValue;
        foreach (var (package, path) in packages.Files)
        {
            if (IsKernel(package)) await reader.ReadAsync(path, VisitAsync, cancellation);
        }

        if (releases.Count == 1 && File.Exists(image)) return new KernelTree(releases.Single(), image, folder, trees, newest);
        throw new ImageException($"expected one kernel in the packages, found {releases.Count}: {string.Join(", ", releases)}");

        async Task VisitAsync(PackageEntry entry)
        {
            if (entry.Type is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile)) return;
            string target;
            if (ImageFile().Match(entry.Path) is { Success: true } kernel)
            {
                releases.Add(kernel.Groups["release"].Value);
                target = image;
            }
            else if (ModuleFile().Match(entry.Path) is { Success: true } module)
            {
                releases.Add(module.Groups["release"].Value);
                // Since the merge of /usr the packages say usr/lib; depmod and modprobe say lib.
                target = Path.Combine(folder, module.Groups["path"].Value);
            }
            else if (DeviceTreeFile().Match(entry.Path) is { Success: true } tree)
            {
                target = Path.Combine(trees, tree.Groups["name"].Value);
            }
            else
            {
                return;
            }

            if (entry.Modified > newest) newest = entry.Modified;
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            await using var file = new FileStream(target, FileMode.CreateNew);
            await entry.Data.CopyToAsync(file, cancellation);
        }
    }

    // Debian puts the image into /boot, and from 6.19 on beside the modules.
    [GeneratedRegex("^(?:/boot/vmlinuz-(?<release>[^/]+)|/usr/lib/modules/(?<release>[^/]+)/vmlinuz)$", RegexOptions.CultureInvariant)]
    private static partial Regex ImageFile();

    [GeneratedRegex(
        @"^(?:/usr)?/(?<path>lib/modules/(?<release>[^/]+)/(?:kernel/.+\.ko(?:\.xz|\.zst|\.gz)?|modules\.(?:builtin|builtin\.modinfo|order)))$",
        RegexOptions.CultureInvariant)]
    private static partial Regex ModuleFile();

    // Likewise: beside the modules from 6.18 on.
    [GeneratedRegex(@"^/usr/lib/(?:linux-image-[^/]+|modules/[^/]+/dtb)/broadcom/(?<name>[^/]+\.dtb)$", RegexOptions.CultureInvariant)]
    private static partial Regex DeviceTreeFile();
}
