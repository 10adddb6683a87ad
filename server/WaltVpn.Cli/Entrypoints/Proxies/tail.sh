
case "${1:-}" in
  '')
    need_root ''
    set_up
    ;;
  --dry-run)
    dry=1
    set_up
    ;;
  --uninstall)
    need_root --uninstall
    take_away
    say 'done: it is no proxy any more'
    ;;
  *)
    echo "{{file}}: '$1' is not understood; it takes --dry-run, --uninstall or nothing" >&2
    exit 2
    ;;
esac
