# init of a session's fish (guest side): fish -i -C 'source session.fish'. The agent sends Ctrl-] when a line is waiting; the
# binding puts the line into the command line and executes it, so that it is exactly a line typed at a prompt.
set -gu MACHINE_SDIR $MACHINE_SDIR
function fish_prompt; end
function fish_right_prompt; end
function fish_greeting; end
function fish_title; end
set -g fish_private_mode 1
function __m_set; return $argv[1]; end
function __m_report; printf 'D%s\x1f%s\0' $argv[1] $PWD > $MACHINE_SDIR/out; read -z -l ack < $MACHINE_SDIR/ack; end
function __m_next
  read -z -l rec < $MACHINE_SDIR/in
  set -l f (string split -m 3 \x1f -- $rec)              # status, cwd, aliases (not used), line
  set -l line (string join \n -- $f[4..-1] | string collect)
  if test "$PWD" != "$f[2]"; builtin cd -- $f[2]; or begin; __m_report 1; return; end; end
  test $f[1] = 0; or set line "__m_set $f[1]"\n$line
  commandline -r -- $line
  commandline --is-valid; or begin; commandline -r ''; __m_report 2; return; end
  commandline -f execute
end
function __m_pre --on-event fish_preexec; printf 'S\0' > $MACHINE_SDIR/out; read -z -l ack < $MACHINE_SDIR/ack; end
function __m_post --on-event fish_postexec; __m_report $status; end
for m in default insert; bind -M $m \x1d __m_next; end
