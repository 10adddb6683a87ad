namespace WaltVpn.ImageBuilder.Boards;

/// <summary>Every board an image can be made for.</summary>
internal static class BoardCatalog
{
    public static IReadOnlyList<Board> All { get; } = [QemuX64.Board, Rpi3BPlus.Board, Rpi4B.Board, Rpi5B.Board];

    /// <summary>Finds a board by its name.</summary>
    /// <exception cref="ImageException">There is none of that name; lists those there are.</exception>
    public static Board Find(string name) =>
        All.FirstOrDefault(board => board.Name == name)
        ?? throw new ImageException($"there is no SD image for a board '{name}' yet", $"boards: {string.Join(", ", All.Select(board => board.Name))}")
        {
            ExitStatus = ExitStatus.Usage,
        };
}
