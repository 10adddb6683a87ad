using Shouldly;
using WaltVpn.Linux;
using Xunit;

namespace WaltVpn.Tunnel.Tests.Unit;

/// <summary>Sockets at a path, and descriptors sent through them.</summary>
public sealed class UnixSocketTests
{
    [Fact]
    public void DescriptorArrivesCloseOnExecAndWorks()
    {
        var (left, right) = UnixSocket.Pair(SocketKind.Stream);
        var (reader, writer) = FileDescriptor.Pipe();
        using (left) using (right) using (reader) using (writer)
        {
            DescriptorPassing.Send(left, "here"u8, reader, writer);
            var buffer = new byte[16];
            var (bytes, descriptors) = DescriptorPassing.Receive(right, buffer);
            bytes.Count.ShouldBe(4);
            descriptors.Count.ShouldBe(2);
            descriptors.ShouldAllBe(descriptor => descriptor.CloseOnExec && descriptor.Type == FileType.S_IFIFO);
            descriptors[1].Write("through"u8);
            reader.Read(buffer).ShouldBe(7);
            foreach (var descriptor in descriptors) descriptor.Dispose();
        }
    }

    [Fact]
    public void MoreDescriptorsThanTheLimitAreRefusedAndClosed()
    {
        var (left, right) = UnixSocket.Pair(SocketKind.Stream);
        using (left) using (right)
        {
            DescriptorPassing.Send(left, "x"u8, [.. Enumerable.Repeat(left, 64)]);
            var (bytes, descriptors) = DescriptorPassing.Receive(right, new byte[16]);
            bytes.Error.ShouldBe(Errno.EMSGSIZE);
            descriptors.ShouldBeEmpty();
            // Had a copy of it stayed open, the other end would not see the end.
            left.Dispose();
            right.Read(new byte[1]).ShouldBe(0);
        }
    }

    [Fact]
    public void PeerIsThisProcess()
    {
        using var folder = new TemporaryFolder();
        using var listener = UnixSocket.Listen(folder.File("socket"));
        using var client = UnixSocket.Connect(folder.File("socket"));
        using var server = UnixSocket.Accept(listener).ShouldNotBeNull();
        UnixSocket.PeerOf(server).ProcessId.ShouldBe(Environment.ProcessId);
        UnixSocket.IsUnixStream(client).ShouldBeTrue();
        UnixSocket.IsListening(listener).ShouldBeTrue();
        UnixSocket.IsListening(server).ShouldBeFalse();
        UnixSocket.Accept(listener).ShouldBeNull();
    }

    [Fact]
    public void SocketOfADeadProcessIsReplacedAndALivingOneIsNot()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("socket");
        UnixSocket.Listen(path).Dispose();
        using var listener = UnixSocket.Listen(path);
        Should.Throw<ErrnoException>(() => UnixSocket.Listen(path)).Errno.ShouldBe(Errno.EADDRINUSE);
    }

    [Fact]
    public void FileAtThePathIsNeverRemoved()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("precious");
        File.WriteAllText(path, "");
        Should.Throw<ErrnoException>(() => UnixSocket.Listen(path)).Errno.ShouldBe(Errno.EADDRINUSE);
        File.Exists(path).ShouldBeTrue();
    }

    [Fact]
    public void UsersAreFoundByName()
    {
        Passwd.UserId("root").ShouldBe(0u);
        Passwd.UserId("no-such-user-here").ShouldBeNull();
    }
}
