# Completion of machine(1) for fish. It looks at nothing but the command line: no
# file of a project is read, and nothing is run.

# The words after "machine", without -q and without the one at the cursor.
function __machine_complete_words
    set -l words (commandline -opc)
    set -e words[1]
    contains -- "$words[1]" -q --quiet; and set -e words[1]
    string join \n -- $words
end
function __machine_complete_first
    test -z "$(__machine_complete_words)"
end
# The only word so far is one of these.
function __machine_complete_after
    set -l words (__machine_complete_words)
    test (count $words) = 1; and contains -- $words[1] $argv
end
function __machine_complete_command # name, summary
    complete -c machine -n __machine_complete_first -a $argv[1] -d $argv[2]
    complete -c machine -n '__machine_complete_after help' -a $argv[1] -d $argv[2]
end

complete -c machine -f
complete -c machine -n __machine_complete_first -s q -l quiet -d 'errors and results only'
complete -c machine -n __machine_complete_first -s h -l help -d 'list the commands'
complete -c machine -n __machine_complete_first -s V -l version -d 'print the version'

__machine_complete_command allow "approve this project's Machinefile as it is now"
__machine_complete_command check 'say what is wrong with a Machinefile, trusting nothing'
__machine_complete_command deny 'withdraw the approval; its lines do not run'
__machine_complete_command destroy "remove this project's VM"
__machine_complete_command df 'show what takes room on the host'
__machine_complete_command help 'list the commands, or the keys of a file'
__machine_complete_command hook "print the code for a shell's startup file"
__machine_complete_command image 'show, make, import or remove what VMs are made of'
__machine_complete_command init 'write a Machinefile with comments'
__machine_complete_command lock 'write Machinefile.lock, which pins the image'
__machine_complete_command logs 'show how the last start went'
__machine_complete_command off "leave this project's VM alone, in this shell"
__machine_complete_command on 'the opposite of off'
__machine_complete_command prompt 'print the project for a prompt, and a mark'
__machine_complete_command rebuild 'have the provision steps run anew'
__machine_complete_command reset "throw away what is on the VM's own disk"
__machine_complete_command restart 'stop the VM, and make it ready again'
__machine_complete_command run 'run one command in the VM'
__machine_complete_command shell 'open a shell in the VM'
__machine_complete_command start 'make the VM ready'
__machine_complete_command status 'show the project, the approval and the VM'
__machine_complete_command stop 'stop the VM'
__machine_complete_command trust 'show the decisions, or forget some'
__machine_complete_command version 'print the version'
__machine_complete_command volume 'show the volumes, or remove some'

complete -c machine -n '__machine_complete_after allow' -l hash -x -d 'approve it if it has this SHA-256'
complete -c machine -n '__machine_complete_after check' -F
complete -c machine -n '__machine_complete_after check' -l json -d 'for editors'
complete -c machine -n '__machine_complete_after check' -l schema -d 'print the JSON Schema'
complete -c machine -n '__machine_complete_after destroy' -l volumes -d 'its volumes, too'
complete -c machine -n '__machine_complete_after destroy' -l yes -d 'do not ask'
complete -c machine -n '__machine_complete_after df' -l json -d 'for programs'
complete -c machine -n '__machine_complete_after help' -a 'machinefile config' -d 'the keys of this file'
complete -c machine -n '__machine_complete_after hook' -a 'bash fish zsh'
complete -c machine -n '__machine_complete_after image' -a 'build import list prune'
complete -c machine -n '__machine_complete_after image' -l all -d 'also what is made again'
complete -c machine -n '__machine_complete_after image' -l digest -x -d 'what the file must be'
complete -c machine -n '__machine_complete_after image' -l initrd -x -d 'of a direct boot'
complete -c machine -n '__machine_complete_after image' -l json -d 'for programs'
complete -c machine -n '__machine_complete_after image' -l kernel -x -d 'of a direct boot'
complete -c machine -n '__machine_complete_after image' -l yes -d 'do not ask'
complete -c machine -n '__machine_complete_after logs' -a 'engine provision start'
complete -c machine -n '__machine_complete_after rebuild' -l all -d 'packages and tools, too'
complete -c machine -n '__machine_complete_after rebuild' -l yes -d 'do not ask'
complete -c machine -n '__machine_complete_after reset' -l yes -d 'do not ask'
complete -c machine -n '__machine_complete_after run' -a '-t -T --'
complete -c machine -n 'contains -- (__machine_complete_words)[1] run' -F # the VM's commands are not known here
complete -c machine -n '__machine_complete_after start up' -l background -d 'do not wait'
complete -c machine -n '__machine_complete_after trust' -a 'list prune revoke'
complete -c machine -n '__machine_complete_after trust' -l all -d 'of all projects'
complete -c machine -n '__machine_complete_after status' -l json -d 'for programs'
complete -c machine -n '__machine_complete_after volume' -a 'list rm'
complete -c machine -n '__machine_complete_after volume' -l all -d 'of all projects'
complete -c machine -n '__machine_complete_after volume' -l json -d 'for programs'
complete -c machine -n '__machine_complete_after volume' -l yes -d 'do not ask'
complete -c machine -n '__machine_complete_after volume' -l project -x -d 'whose'
