namespace WaltVpn.ImageBuilder;

/// <summary>Opens a file that the operator named, and says apart what may be wrong with it: missing, a folder, not hers to read.</summary>
internal static class InputFile
{
    /// <summary>Opens it for reading.</summary>
    /// <param name="path">As the operator wrote it.</param>
    /// <param name="what">What it should be, with its article.</param>
    /// <param name="whenMissing">What to do when there is none.</param>
    /// <exception cref="ImageException">It cannot be opened; the hints say what to type.</exception>
    public static FileStream Open(string path, string what, params IReadOnlyList<string> whenMissing)
    {
        if (Directory.Exists(path)) throw new ImageException($"{path} is a folder, not {what}", "name a file in it");
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ImageException($"there is no file {path}", error, whenMissing);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new ImageException(
                $"{path} may not be read by {Environment.UserName}",
                error,
                "settings and images hold the enrolment key and are for their owner only",
                $"if it is to be yours: sudo chown {Environment.UserName} {path}");
        }
        catch (IOException error)
        {
            throw new ImageException($"{path} cannot be read: {error.Message}", error);
        }
    }
}
