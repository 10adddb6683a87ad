/* Stands in for the agent in boot tests of the image: as init it loads modules by modalias, looks for network card, partitions and programs,
   says what it found, and powers off. The script uses only what every image has. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

static const char script[] =
    "busybox() { /bin/busybox \"$@\"; }\n"
    "load() { modprobe -q -a -b $(busybox find /sys/devices -name modalias -exec /bin/busybox cat {} +); }\n"
    "tries=0\n"
    /* A disk shows up a moment after its controller's module, and brings a modalias of its own. */
    "until load; boot=$(busybox findfs LABEL=WALT_VPN 2>/dev/null); do\n"
    "  tries=$((tries + 1)); [ $tries -lt 100 ] || break; busybox usleep 100000\n"
    "done\n"
    "modprobe tun; state=$(busybox findfs LABEL=WALT_VPN_STATE)\n"
    "busybox mkdir /mnt/boot /mnt/state\n"
    "mount -t vfat \"$boot\" /mnt/boot && busybox test -s /mnt/boot/walt-vpn.json && echo PROBE boot partition $boot\n"
    "mount -t ext4 \"$state\" /mnt/state && echo PROBE state partition $state\n"
    "echo PROBE earlier boots: $(busybox cat /mnt/state/boots); echo seen >>/mnt/state/boots\n"
    "busybox test -c /dev/net/tun && echo PROBE tun\n"
    "for card in /sys/class/net/e*; do echo PROBE network $(busybox basename $(busybox readlink $card/device/driver)); done\n"
    "ssh -V 2>&1 | busybox sed 's/^/PROBE ssh /'\n"
    "ssh-keygen -q -t ed25519 -N '' -f /tmp/key && ssh-keygen -l -f /tmp/key | busybox sed 's/^/PROBE key /'\n"
    "udhcpc --help 2>&1 | busybox grep -q 'Usage: udhcpc' && echo PROBE udhcpc\n"
    "busybox readlink /lib/waltvpn/dhcp-event | busybox sed 's/^/PROBE dhcp-event /'\n"
    "busybox grep -o '\"kernel\":\"[^\"]*\"' /etc/waltvpn/image.json | busybox sed \"s/^/PROBE /; s/$/ $(busybox uname -r)/\"\n"
    "busybox umount /mnt/state /mnt/boot; echo PROBE unmounted\n";

int main(void)
{
    mount("dev", "/dev", "devtmpfs", 0, 0);
    mount("sys", "/sys", "sysfs", 0, 0);
    printf("PROBE process %d\n", (int)getpid());
    fflush(stdout);
    if (system(script) != 0) printf("PROBE the script failed\n");
    printf("PROBE end\n");
    fflush(stdout);
    sync();
    return reboot(RB_POWER_OFF);
}
