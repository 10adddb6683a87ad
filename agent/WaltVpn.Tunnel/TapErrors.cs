using WaltVpn.Linux;

namespace WaltVpn.Tunnel;

/// <summary>Which errors of a TAP mean one lost frame, and which mean that the interface is gone (docs/security.md L2-2).</summary>
public static class TapErrors
{
    /// <summary>True when the next frame may well pass.</summary>
    /// <param name="error">
    /// EIO: the interface is down. EINVAL: the kernel does not like the frame. EFAULT, EMSGSIZE: longer than the buffer.
    /// ENOMEM, ENOBUFS, EAGAIN: no room now. Source: drivers/net/tun.c, tun_get_user and tun_do_read.
    /// </param>
    public static bool CostsOneFrame(Errno error) =>
        error is Errno.EIO or Errno.EINVAL or Errno.EFAULT or Errno.EMSGSIZE or Errno.ENOMEM or Errno.ENOBUFS or Errno.EAGAIN;
}
