# Completion of `solar` in bash: typer itself says what could come next.
_solar() {
    local IFS=$'\n'
    mapfile -t COMPREPLY < <(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD _SOLAR_COMPLETE=complete_bash "$1" 2>/dev/null)
}
complete -o default -F _solar solar
