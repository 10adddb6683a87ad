using Dapper;
using Microsoft.Data.Sqlite;
using WaltVpn.Server.Audit;

namespace WaltVpn.Server.Schema;

/// <summary>Copies of the database for <c>waltvpn backup</c>, made by the daemon's user beside a daemon that goes on.</summary>
internal static class DatabaseCopy
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes one state of the database, as SQLite's own copy of it, and a line of the audit trail into both.</summary>
    /// <param name="file">The database; a daemon may write to it meanwhile.</param>
    /// <param name="copy">A new file, mode 0600.</param>
    /// <param name="now">The time of the line.</param>
    /// <returns>The schema.</returns>
    /// <exception cref="SqliteException">It cannot be read, or the copy cannot be written (a full disk).</exception>
    /// <exception cref="InvalidDataException">It is damaged, or a newer daemon wrote it.</exception>
    /// <exception cref="IOException">The copy is there already.</exception>
    public static long Write(string file, string copy, DateTimeOffset now)
    {
        using (new FileStream(copy, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        {
            // VACUUM INTO takes an empty file as it is; SQLite itself would make one that others may read.
        }

        using (var database = Open(file, SqliteOpenMode.ReadWrite))
        {
            if (SchemaOf(database, file) == Database.NewestSchema) Note(database, now);
            database.Execute("VACUUM INTO @copy", new { copy });
        }

        using (var made = Open(copy, SqliteOpenMode.ReadWrite))
        {
            // Whoever starts on this copy starts new numbers, however young it is (SettingsEpoch).
            if (SchemaOf(made, copy) == Database.NewestSchema) made.Execute("UPDATE settings_epoch SET alive = 0");
        }

        return Check(copy);
    }

    /// <summary>Looks whether a file is a whole database that this daemon can use. Nothing is written.</summary>
    /// <returns>Its schema.</returns>
    /// <exception cref="SqliteException">It is no database.</exception>
    /// <exception cref="InvalidDataException">It is damaged, empty, or a newer daemon wrote it.</exception>
    public static long Check(string file)
    {
        using var database = Open(file, SqliteOpenMode.ReadOnly);
        var schema = SchemaOf(database, file);
        var damage = database.ExecuteScalar<string>("PRAGMA integrity_check(1)");
        if (damage != "ok") throw new InvalidDataException($"{file} is damaged ({damage})");
        return schema > 0 ? schema : throw new InvalidDataException($"{file} is no database of waltvpnd");
    }

    /// <summary>SHA-256 of the boot images that a copy of this daemon's schema knows, 64 hexadecimal digits each.</summary>
    public static IReadOnlyList<string> Images(string copy)
    {
        using var database = Open(copy, SqliteOpenMode.ReadOnly);
        return SchemaOf(database, copy) == Database.NewestSchema ? database.Query<string>("SELECT DISTINCT sha256 FROM boot_pairs ORDER BY sha256").AsList() : [];
    }

    /// <summary>Decides in a copy what was decided after it was made.</summary>
    /// <param name="copy">A copy; it is brought to this daemon's schema first.</param>
    /// <param name="audit">What <c>waltvpn audit export</c> printed later.</param>
    /// <param name="now">When.</param>
    /// <returns>What was decided, a line each.</returns>
    /// <exception cref="InvalidDataException">The trail does not go on from the copy's.</exception>
    public static IReadOnlyList<string> Replay(string copy, string audit, DateTimeOffset now)
    {
        Check(copy);
        var decided = new Database(copy).Decide(db => AuditReplay.Apply(db, audit, now));
        using var file = Open(copy, SqliteOpenMode.ReadWrite);
        // One file again, without a log beside it: that is what is put in place.
        SqliteConnection.ClearAllPools();
        file.Execute("PRAGMA journal_mode = DELETE");
        return decided;
    }

    private static long SchemaOf(SqliteConnection database, string file) => Database.SchemaOf(database, file);

    private static void Note(SqliteConnection database, DateTimeOffset now)
    {
        using var transaction = database.BeginTransaction(deferred: false);
        AuditTrail.Add(database, now, "waltvpn", "backup create", "");
        transaction.Commit();
    }

    private static SqliteConnection Open(string file, SqliteOpenMode mode)
    {
        SqliteEngine.Ensure();
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, ForeignKeys = true, DefaultTimeout = 30, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }
}
