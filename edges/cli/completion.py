"""``tongbo completion``: the script that teaches a shell to complete commands and options."""

import click
from click.shell_completion import get_completion_class

VARIABLE = "_TONGBO_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of SHELL.

    For bash: eval "$(tongbo completion bash)", best in ~/.bashrc; for zsh the same with zsh in ~/.zshrc; for fish:
    tongbo completion fish > ~/.config/fish/completions/tongbo.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(ctx.find_root().command, {}, "tongbo", VARIABLE).source())
