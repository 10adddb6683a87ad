
# WAY OF WALT'S OLD NODES. Their SSH session ends here, and a second one begins here that signs with the key in the node's agent: while a node is
# connected, who is root on this machine reads its traffic and can use its key. Nodes of WaltVpn need none of this: make them a relay.
user=walt-vpn
home=/home/walt-vpn
program=/usr/local/lib/walt-vpn-proxy
authority='{{authority}}'

server_keys() {
  cat <<'END'
{{known_hosts}}
END
}

set_up() {
  refuse_server
  [ ! -e "$home" ] && [ ! -e "$program" ] || fail "$home or $program is here: this machine is a proxy already. Take it away first: sudo sh $0 --uninstall"
  ! id "$user" >/dev/null 2>&1 || fail "there is a user $user here already, and it is not of this script"
  for tool in useradd userdel ssh; do command -v "$tool" >/dev/null || fail "there is no $tool here; install it (Debian: passwd, openssh-client)"; done
  [ -x /usr/sbin/sshd ] || fail 'there is no /usr/sbin/sshd here; install openssh-server'
  # All of it is root's: nobody who comes in can change what he may do. First of all, so that --uninstall finds what was begun.
  step mkdir -p "$program" "$home/.ssh"
  write "$program/hop" 755 <<'END'
#!/bin/sh
# The only thing a node can start here. What it asked for is compared, and never put on a command line.
case "${SSH_ORIGINAL_COMMAND-}" in
  '') exec /usr/bin/ssh -F /usr/local/lib/walt-vpn-proxy/ssh_config server ;;
  check-in-walt-net) exec /usr/bin/ssh -F /usr/local/lib/walt-vpn-proxy/ssh_config server check-in-walt-net ;;
  get-server-hostname) exec /usr/bin/ssh -F /usr/local/lib/walt-vpn-proxy/ssh_config server get-server-hostname ;;
esac
echo 'walt-vpn-proxy: this command is not one of those a node may ask for' >&2
exit 1
END
  write "$program/ssh_config" 644 <<END
Host server
  HostName $next_host
  Port $next_port
  User walt-vpn
  HostKeyAlias waltvpn-server
  UserKnownHostsFile $program/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  UpdateHostKeys no
  PreferredAuthentications publickey
  BatchMode yes
  ForwardAgent {{forward}}
  RequestTTY no
  EscapeChar none
  IPQoS none
  ConnectTimeout 10
  ServerAliveInterval 15
  ServerAliveCountMax 3
  LogLevel ERROR
END
  server_keys | write "$program/known_hosts" 644
  write "$home/.ssh/authorized_keys" 644 <<END
cert-authority,principals="walt-vpn",restrict,agent-forwarding,command="$program/hop" $authority
END
  step useradd --system --user-group --no-create-home --home-dir "$home" --shell /bin/sh "$user"
  # Not locked: sshd refuses a locked account (sshd(8)); no password fits "*".
  step usermod --password '*' "$user"
  [ -n "$dry" ] || say "done: WalT's nodes come in as $user at this machine's sshd and go on to $next_host port $next_port. sshd's settings were not touched."
}

take_away() {
  [ -n "$dry" ] || [ -e "$program" ] || fail 'there is nothing to take away: this machine is no proxy'
  # Sessions first: userdel keeps a user who has processes.
  step pkill -KILL -u "$user" || true
  tries=0
  while [ -z "$dry" ] && pgrep -u "$user" >/dev/null && [ $tries -lt 50 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  if [ -n "$dry" ] || id "$user" >/dev/null 2>&1; then step userdel "$user"; fi
  step rm -rf "$home" "$program"
}
