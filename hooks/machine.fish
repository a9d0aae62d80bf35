# machine: the fish hook (fish 3.5 and later).    machine hook fish | source
#
# While a project is active Enter runs __machine_enter, which asks `machine _route`. It answers 10 for the few lines
# that are the host's (cd, exit, ...); they are executed as they stand. Any other line is replaced by
#     vm: # LINE
# a call of the function vm: with the line as a comment, for the eyes only: vm: gives the line to `machine _line`,
# which runs it in the project's VM. So $status, the duration and the events are fish's own, and the leading space
# keeps the call out of the history; vm: puts the line there as it was typed.
#
# A line that did not come through Enter meets the guard in fish_preexec. fish cannot cancel a line there, so the guard
# replaces the whole shell by a new one. The rule everything here obeys: whatever fails, the line does not run.

if status is-interactive; and not set -q MACHINE_GUEST; and not set -q __machine_sid; and not contains path (builtin -n)
    set -g __machine_sid none
    echo "machine: lines run on the host in this shell (it takes fish 3.5 or later); in a project type 'machine shell'" >&2
end
if status is-interactive; and not set -q MACHINE_GUEST; and not set -q __machine_sid
    set -g __machine_bin @BIN@
    set -g __machine_roots @ROOTS@
    set -g __machine_run @RUN@
    set -g __machine_sid f$fish_pid-(random)
    set -g __machine_res $__machine_run/$__machine_sid # machine's answer
    # Where we are. found: what the walk up has found; root: its real path, from _enter; skip: a project that `machine
    # off` has switched off in this shell; host, cd: the user's words, from _enter; binds: of the user, for Enter.
    # The line. line: as typed; to: a directory that it goes to; ok: what Enter has approved; shown: what stands on
    # the screen; typed: while it runs; from: where it began; pending: a `cd P; REST` whose REST is still to be run.
    set -g __machine_state off
    set -e MACHINE_PROJECT # a parent shell's
    for v in found root skip pwd reply host cd binds line to ok shown typed from pending
        set -g __machine_$v
    end

    # ---- where are we? ----
    # The nearest directory at or above $PWD that has a Machinefile or is on the list of approved roots (the guest can
    # delete a Machinefile), by name, then physically (links lead into projects and out).  -> __machine_reply; no fork
    function __machine_find
        set -l roots
        test -r $__machine_roots; and read -z -l roots <$__machine_roots; and set roots (string split \n -- $roots)
        set -l real (pwd -P | string collect)
        test "$real" = "$PWD"; and set -e real
        for d in $PWD $real
            # fish splits at newlines: a name that contains one, and what is below it, is looked at from above only
            string match -q '*'\n'*' -- $d; and set d (string replace -r '(?s)/[^/\n]*\n.*' '' -- $d)
            set -l path ''; set -l dirs
            for name in (string split -n / -- $d)
                set path $path/$name
                set -p dirs $path
            end
            set -l hit (path filter -- $dirs/Machinefile)[1]
            for d in $dirs
                test "$d/Machinefile" = "$hit"; or contains -- $d $roots; or continue
                set -g __machine_reply $d
                return 0
            end
        end
        return 1
    end
    function __machine_sync
        test "$PWD" = "$__machine_pwd"; and return 0 # all that an idle prompt costs
        set -g __machine_pwd $PWD
        if not __machine_find; or test "$__machine_reply" = "$__machine_skip"
            __machine_leave
            return 0
        end
        test "$__machine_reply" = "$__machine_found"; and return 0
        set -l before $__machine_state
        set -g __machine_found $__machine_reply; set -g __machine_root $__machine_reply
        set -g __machine_skip; set -g __machine_state locked # if _enter does not answer it stays so, and lines are refused
        command $__machine_bin _enter fish $__machine_reply | source
        if test $__machine_state = off
            set -g __machine_state $before
            __machine_leave
            return 0
        end
        set -gx MACHINE_PROJECT (string replace -r '.*/' '' -- $__machine_root)
        test $before != off; and return 0
        set -g __machine_binds
        for m in default insert replace replace_one
            set -a __machine_binds (bind --user -M $m \r 2>/dev/null; bind --user -M $m \n 2>/dev/null)
            bind -M $m \r __machine_enter
            bind -M $m \n __machine_enter
        end
    end
    function __machine_leave
        set -g __machine_root; set -g __machine_found
        test $__machine_state = off; and return; or set -g __machine_state off
        for m in default insert replace replace_one
            bind --user -M $m -e \r \n
        end
        for b in $__machine_binds
            eval $b
        end
        set -e MACHINE_PROJECT
    end
    function machine
        set -g __machine_pwd # look again at the next prompt
        switch "$argv[1]"
            case off
                set -g __machine_skip $__machine_found
            case on
                set -g __machine_skip
            case '*'
                set -g __machine_found
                command $__machine_bin $argv
        end
    end

    # ---- a line ----
    # $argv: command, line, the line with its alias expanded, status, AUTO_CD, force, where the line began
    function __machine_call
        set -lx MACHINE_SHELL fish
        set -lx MACHINE_SID $__machine_sid
        set -lx MACHINE_ROOT $__machine_root
        set -lx MACHINE_RESULT $__machine_res
        set -lx MACHINE_HOST $__machine_host
        set -lx MACHINE_LINE $argv[2]
        set -lx MACHINE_EXPANDED $argv[3]
        set -lx MACHINE_STATUS $argv[4]
        set -lx MACHINE_AUTOCD $argv[5]
        set -lx MACHINE_FORCE $argv[6]
        set -lx MACHINE_FROM $argv[7]
        set -lx MACHINE_JOBS (jobs -q; and echo 1)
        command $__machine_bin $argv[1]
    end
    function __machine_enter
        set -g __machine_ok
        set -g __machine_to
        set -l line (commandline | string collect)
        set -l text (string trim -- "$line" | string collect)
        set -l words (string split -m 1 ' ' -- $text)
        # an open menu, an empty, an unfinished or a wrong line: fish runs nothing
        if commandline --paging-mode; or test -z "$text"; or not commandline --is-valid
            commandline -f execute
            return
        end
        # fish expands abbreviations only while it executes, which is too late for us: now, and the next Enter runs it
        set -l w (commandline --current-token --cut-at-cursor)
        if test -n "$w"; and test "$w" = (commandline --current-process --cut-at-cursor | string trim | string collect); and abbr -q -- $w
            commandline -f expand-abbr
            return
        end
        # an alias is a function with one line
        set -l expanded $line
        if functions -q -- $words[1]
            set -l body (functions -- $words[1] | string match -vr '^(#|function |end$)' | string trim)
            test (count $body) = 1; and set expanded (string replace -r ';? ?(\$argv)?;?$' '' -- $body)" $words[2]"
        end
        set -l dir (string replace -r '^~(?=/|$)' $HOME -- $text)
        set -l autocd
        string match -qr '^([./]\S*|\S*/)$' -- $dir; and test -d $dir; and set autocd 1
        __machine_call _route $line $expanded 0 $autocd '' ''
        set -l rc $status
        if test $rc = 10 -a -z "$autocd"
            set -g __machine_ok $line
        else if contains $rc 126 127; and string match -qr '^(cd|exit)( [A-Za-z0-9_./~-]+)?$' -- $line
            set -g __machine_ok $line # the program is gone: one can still leave
        else
            # The guest may replace a directory by a program: vm: goes there, fish does not look again.
            test $rc = 10; and set -g __machine_to $dir
            set -g __machine_line $line
            set -l shown "# $line"
            string match -qr '^[[:print:]]*$' -- $line # or it has several lines
            or set shown "'"(string replace -ar "([\\\\'])" '\\\\$1' -- $line | string collect)"'"
            commandline -r -- " vm: $shown"
            set -g __machine_shown (commandline | string collect)
            set -g __machine_ok $__machine_shown
        end
        commandline -f execute
    end
    function vm:
        set -l st $status
        test $__machine_state = off; and echo "machine: not in a project" >&2; and return 125
        set -g __machine_typed # not a host line
        __machine_history $__machine_line
        if test -n "$__machine_to"
            cd -- $__machine_to
        else
            __machine_guest $__machine_line $st ''
        end
    end
    function __machine_guest # line, status before it, where it began
        echo -n >$__machine_res; or return 125
        __machine_call _line $argv[1] $argv[1] $argv[2] '' 1 $argv[3]; or return 125
        set -l r 125
        set -l d
        read -L r d <$__machine_res # status, directory to follow
        string match -qr '^\d{1,3}$' -- $r; or set r 125
        test -n "$d"; and builtin cd -- $d 2>/dev/null
        return $r
    end
    function __machine_history # the typed line in the place of the rewritten one
        builtin history delete --exact --case-sensitive -- "$__machine_shown" 2>/dev/null
        string match -q ' *' -- $argv[1]; or set -q fish_private_mode; and return
        if test (string split . -- $version)[1] -ge 4
            builtin history append -- $argv[1]
        else # fish 3 has no other way to add an entry than its history file
            set -l d (set -q XDG_DATA_HOME; and echo $XDG_DATA_HOME; or echo $HOME/.local/share)/fish
            builtin history save
            printf '\x2d cmd: %s\n  when: %s\n' (string replace -a \\ \\\\ -- $argv[1] | string join '\n' | string collect) (date +%s) >>$d/fish_history
            and builtin history merge
        end
    end
    function @host # run this one line here
        $argv
    end
    function __machine_preexec --on-event fish_preexec
        set -g __machine_typed (string trim -- "$argv[1]" | string collect)
        set -g __machine_from $PWD
        test $__machine_state = off; and return
        if test -z "$__machine_ok"; or test "$__machine_typed" != (string trim -- "$__machine_ok" | string collect)
            echo "machine: refused: this line did not come through Enter; nothing was run, the shell starts again" >&2
            set -l f (status fish-path)
            exec $f
        end
        set -g __machine_ok
    end
    function __machine_prompt --on-event fish_prompt
        set -g __machine_ok; set -g __machine_typed
        __machine_sync
        set -l line $__machine_pending; set -g __machine_pending
        test -n "$line"; and test $__machine_state != off; and __machine_guest $line 0 $__machine_from
        set -g __machine_from $PWD
    end

    # ---- a line that changes into a project ----
    # A host line has changed directory. `cd P` alone is welcome; of `cd P; REST` the REST is run from the next prompt;
    # anything else is stopped.
    function __machine_chpwd --on-variable PWD
        set -l t $__machine_typed
        if test -z "$t" # a key has moved us (not before the first prompt, and not a completion that looks around)
            test -z "$__machine_from"; or status is-command-substitution; or __machine_sync
            return 0
        end
        string match -q '@host *' -- $t; and return 0
        set -l w (string split -m 1 ' ' -- $t)[1]
        if not string match -qr '[\n;|&<>`(){}]' -- $t
            test $__machine_state != off; and return 0 # one of the user's host words
            contains -- $w cd pushd popd prevd nextd cdh z zi j $__machine_cd; and return 0
            test -d "$w"; or string match -qr "^alias $w" -- (functions -Dv -- $w 2>/dev/null)[5]; and return 0
        end
        __machine_find; and test "$__machine_reply" != "$__machine_skip"; or return 0
        if string match -qr '^cd\s[^;&|<>`(){}\n]*(&&|;)' -- $t
            set -g __machine_pending $t
        else
            echo "machine: this line entered the project "(string replace -r '.*/' '' -- $__machine_reply)"; the rest of it was not run. Type it again to run it in the VM." >&2
        end
        kill -INT $fish_pid
    end
end
