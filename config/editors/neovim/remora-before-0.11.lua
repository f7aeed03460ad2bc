-- Neovim 0.7 to 0.10: copy to ~/.config/nvim/plugin/remora.lua; nothing else is needed.
--
-- It stands beside other servers. Neovim asks all of them, so where a type checker's is attached as well, take what
-- the hub answers from that one's server_capabilities when it attaches (definitionProvider = nil, and so on).

-- The hub's own order: the nearest directory with the first marker, else with the second, and so on.
local markers = { '.remora', 'remora-hub.toml', 'pyproject.toml', '.git' }

local function root_of(buffer)
  local directory = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buffer), ':p:h')
  local above = vim.fn.escape(directory, ' ,;\\') .. ';'
  for _, marker in ipairs(markers) do
    local found = vim.fn.finddir(marker, above)
    if found == '' then
      found = vim.fn.findfile(marker, above)
    end
    if found ~= '' then
      return vim.fn.fnamemodify(vim.fn.fnamemodify(found, ':p'):gsub('/$', ''), ':h')
    end
  end
  return directory
end

local function map_keys(buffer)
  local function map(keys, action)
    vim.keymap.set('n', keys, action, { buffer = buffer })
  end
  map('gd', vim.lsp.buf.definition)
  map('grr', vim.lsp.buf.references)
  map('gri', vim.lsp.buf.implementation)
  map('gO', vim.lsp.buf.document_symbol)
  map('K', vim.lsp.buf.hover)
end

local clients = {} -- by root, for versions without vim.lsp.start

local function attach(buffer)
  local root = root_of(buffer)
  local config = {
    name = 'remora',
    cmd = { 'remora-hub', 'lsp' },
    root_dir = root,
    workspace_folders = { { uri = vim.uri_from_fname(root), name = root } },
  }
  if vim.lsp.start then -- since 0.8
    vim.lsp.start(config, { bufnr = buffer })
  else
    if not clients[root] or vim.lsp.client_is_stopped(clients[root]) then
      clients[root] = vim.lsp.start_client(config)
    end
    vim.lsp.buf_attach_client(buffer, clients[root])
  end
  map_keys(buffer)
end

vim.api.nvim_create_autocmd('FileType', {
  pattern = 'python',
  desc = 'Ask the hub',
  callback = function(event) attach(event.buf) end,
})
