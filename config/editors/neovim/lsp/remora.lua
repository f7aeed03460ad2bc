-- Neovim 0.11 or newer: copy to ~/.config/nvim/lsp/remora.lua and put in init.lua
--
--     vim.lsp.enable('remora')
--
-- Beside a type checker's server, which keeps diagnostics, completion and renaming: see ../init.lua.

return {
  cmd = { 'remora-hub', 'lsp' },
  filetypes = { 'python' },
  -- The hub's own order: the nearest directory with the first marker, else with the second, and so on.
  root_markers = { '.remora', 'remora-hub.toml', 'pyproject.toml', '.git' },
}
