using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace WaltVpn.Server.Schema;

/// <summary>Binds the SQLite provider to the system's own library, which the distribution keeps patched, in place of a bundled copy.</summary>
/// <remarks>docs/decisions/0001. Debian package libsqlite3-0.</remarks>
internal static class SqliteEngine
{
    private const string SystemLibrary = "libsqlite3.so.0";

    private static readonly Lazy<bool> Bound = new(Bind);

    /// <summary>Binds at the first call of the process; later calls do nothing.</summary>
    /// <exception cref="DllNotFoundException">The system has no libsqlite3.</exception>
    public static bool Ensure() => Bound.Value;

    private static bool Bind()
    {
        NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, Resolve);
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        return true;
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == "e_sqlite3" ? NativeLibrary.Load(SystemLibrary) : 0;
}
