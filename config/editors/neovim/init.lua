-- Neovim 0.11 or newer: for your init.lua, with lsp/remora.lua beside it. Name your type checker's server here.

vim.lsp.enable({ 'remora', 'basedpyright' })

-- Neovim asks every server and lists all answers, the same place twice. What the hub answers, the checker need not.
local answered_by_the_hub = {
  'callHierarchyProvider',
  'declarationProvider',
  'definitionProvider',
  'documentHighlightProvider',
  'documentSymbolProvider',
  'hoverProvider',
  'implementationProvider',
  'referencesProvider',
  'typeDefinitionProvider',
  'workspaceSymbolProvider',
}

vim.api.nvim_create_autocmd('LspAttach', {
  desc = 'Let the hub answer what both servers could',
  callback = function(event)
    local attached = vim.lsp.get_clients({ bufnr = event.buf })
    local names = vim.tbl_map(function(client) return client.name end, attached)
    if not vim.tbl_contains(names, 'remora') then
      return
    end
    for _, client in ipairs(attached) do
      if client.name ~= 'remora' then
        for _, provider in ipairs(answered_by_the_hub) do
          client.server_capabilities[provider] = nil
        end
      end
    end
  end,
})
