
# Nodes speak SSH with the server through this machine: it passes bytes on that it cannot read, has no key, and opens no other way.
listen='{{listen}}'
units=/etc/systemd/system
socket=$units/walt-vpn-proxy.socket
service=$units/walt-vpn-proxy.service

set_up() {
  refuse_server
  [ ! -e "$socket" ] && [ ! -e "$service" ] || fail "$socket is here: this machine is a proxy already. Take it away first: sudo sh $0 --uninstall"
  [ -d /run/systemd/system ] || fail 'systemd does not run here; it holds the port and starts the relay'
  relay=
  for path in /usr/lib/systemd/systemd-socket-proxyd /lib/systemd/systemd-socket-proxyd; do
    [ ! -x "$path" ] || relay=$path
  done
  [ -n "$relay" ] || fail 'there is no systemd-socket-proxyd here; it is a part of systemd, install that whole'
  write "$socket" 644 <<END
[Unit]
Description=WaltVpn: port of the SSH entrypoint

[Socket]
ListenStream=$listen
NoDelay=true
KeepAlive=true
Backlog=1024

[Install]
WantedBy=sockets.target
END
  write "$service" 644 <<END
[Unit]
Description=WaltVpn: SSH entrypoint, passes connections on to $next_host port $next_port
Requires=walt-vpn-proxy.socket
After=walt-vpn-proxy.socket network-online.target
Wants=network-online.target

[Service]
ExecStart=$relay --connections-max=4096 $next_host:$next_port
Restart=on-failure
LimitNOFILE=32768
# A user that exists while it runs, and may do nothing but connect.
DynamicUser=true
NoNewPrivileges=true
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=true
ProtectProc=invisible
ProtectKernelTunables=true
ProtectKernelModules=true
ProtectKernelLogs=true
ProtectControlGroups=true
ProtectClock=true
ProtectHostname=true
PrivateTmp=true
PrivateDevices=true
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
LockPersonality=true
MemoryDenyWriteExecute=true
SystemCallArchitectures=native
SystemCallFilter=@system-service
END
  step systemctl daemon-reload
  step systemctl enable --now --quiet walt-vpn-proxy.socket || {
    take_away
    fail "the port $listen could not be opened (see above); nothing is left. Is it in use? Make the script anew with another --listen."
  }
  [ -n "$dry" ] || say "done: what comes to port $listen goes on to $next_host port $next_port. Now, on the server: waltvpn entrypoint test ssh THIS-MACHINE:${listen##*:}"
}

take_away() {
  [ -n "$dry" ] || [ -e "$socket" ] || [ -e "$service" ] || fail 'there is nothing to take away: this machine is no proxy'
  # The service first would be started again by the next connection.
  step systemctl disable --now --quiet walt-vpn-proxy.socket || true
  step systemctl stop walt-vpn-proxy.service || true
  step rm -f "$socket" "$service"
  step systemctl daemon-reload
  step systemctl reset-failed walt-vpn-proxy.socket walt-vpn-proxy.service 2>/dev/null || true
}
