//! Tells Zed how the hub's language server is started: as `remora-hub lsp`, found on the project's PATH.

use zed_extension_api::{self as zed, Command, LanguageServerId, Result, Worktree};

struct RemoraHub;

impl zed::Extension for RemoraHub {
    fn new() -> Self {
        Self
    }

    fn language_server_command(&mut self, _: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        let command = worktree
            .which("remora-hub")
            .ok_or("remora-hub is not on PATH: install it where the project's shell finds it")?;
        Ok(Command { command, args: vec!["lsp".to_string()], env: worktree.shell_env() })
    }
}

zed::register_extension!(RemoraHub);
