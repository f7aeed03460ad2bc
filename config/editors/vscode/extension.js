// One client for each folder of the workspace: a hub serves one root.
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

const clients = new Map(); // by the folder's URI

async function start(folder) {
  const [command, ...args] = vscode.workspace.getConfiguration("remora-hub", folder.uri).get("command");
  const client = new LanguageClient(
    "remora-hub",
    `Remora Hub (${folder.name})`,
    { command, args, options: { cwd: folder.uri.fsPath } },
    {
      documentSelector: [{ scheme: "file", language: "python", pattern: `${folder.uri.fsPath}/**/*` }],
      workspaceFolder: folder,
    },
  );
  clients.set(folder.uri.toString(), client);
  await client.start();
}

async function stop(folder) {
  const client = clients.get(folder.uri.toString());
  clients.delete(folder.uri.toString());
  await client?.stop();
}

async function activate(context) {
  context.subscriptions.push(
    vscode.workspace.onDidChangeWorkspaceFolders(async ({ added, removed }) => {
      await Promise.all([...removed.map(stop), ...added.map(start)]);
    }),
  );
  await Promise.all((vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === "file").map(start));
}

async function deactivate() {
  await Promise.all([...clients.values()].map((client) => client.stop()));
}

module.exports = { activate, deactivate };
