using System.Globalization;
using System.Reflection;
using Dapper;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace WaltVpn.Server.Schema;

/// <summary>The one SQLite file that holds the platform's trust. Uniqueness is the database's work, never a check before an insert.</summary>
internal sealed class Database
{
    private readonly string _connectionString;

    /// <summary>Opens the file, makes it at first start, and brings its schema up to date.</summary>
    /// <exception cref="SqliteException">The file is not a database, is damaged, or cannot be written.</exception>
    /// <exception cref="InvalidDataException">A newer version of the daemon wrote it.</exception>
    public Database(string file)
    {
        SqliteEngine.Ensure();
        var connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = file,
            ForeignKeys = true,
            Mode = SqliteOpenMode.ReadWriteCreate,
            DefaultTimeout = 5,
        };
        _connectionString = connectionString.ToString();
        using var connection = Open();
        connection.Execute("PRAGMA journal_mode = WAL");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var damage = connection.ExecuteScalar<string>("PRAGMA quick_check");
        if (damage != "ok") throw new InvalidDataException($"{file} is damaged ({damage}); restore it from a backup");
        Migrate(connection, file);
    }

    /// <summary>Reads in one connection.</summary>
    public T Read<T>(Func<SqliteConnection, T> query)
    {
        using var connection = Open();
        return query(connection);
    }

    /// <summary>One decision: all of it is durable when this returns, or nothing of it was done.</summary>
    public T Decide<T>(Func<SqliteConnection, T> decision)
    {
        using var connection = Open();
        // Immediate: the write lock is taken first, so that what the decision reads cannot change under it.
        connection.Execute("BEGIN IMMEDIATE");
        try
        {
            var result = decision(connection);
            connection.Execute("COMMIT");
            return result;
        }
        catch
        {
            // A full disk makes SQLite roll back by itself. Not by SqliteTransaction: that rolls back once more, fails, and leaks the connection.
            if (raw.sqlite3_get_autocommit(connection.Handle) == 0) connection.Execute("ROLLBACK");
            throw;
        }
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        // FULL: a commit is on the disk when it returns, also after a power cut (sqlite.org/pragma.html).
        connection.Execute("PRAGMA synchronous = FULL");
        return connection;
    }

    /// <summary>The schema of a database.</summary>
    /// <returns>How many of our scripts it has seen, 0 to <see cref="NewestSchema"/>.</returns>
    /// <exception cref="InvalidDataException">A newer version of the daemon wrote it.</exception>
    internal static long SchemaOf(SqliteConnection connection, string file)
    {
        var version = connection.ExecuteScalar<long>("PRAGMA user_version");
        return version <= NewestSchema
            ? version
            : throw new InvalidDataException($"{file} has schema {version}, this program knows {NewestSchema}: install the newer waltvpnd");
    }

    /// <summary>The schema that this program brings a database to.</summary>
    internal static int NewestSchema => Scripts().Count;

    private static List<string> Scripts() =>
    [
        .. Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith("Schema/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal),
    ];

    private static void Migrate(SqliteConnection connection, string file)
    {
        var assembly = Assembly.GetExecutingAssembly();
        var scripts = Scripts();
        for (var next = (int)SchemaOf(connection, file); next < scripts.Count; next++)
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(scripts[next])!);
            using var transaction = connection.BeginTransaction(deferred: false);
            connection.Execute(reader.ReadToEnd());
            // A pragma takes no parameter; the value is a count of our own files.
            connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {next + 1}"));
            transaction.Commit();
        }
    }
}
