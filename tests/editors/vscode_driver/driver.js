// Does in VS Code what a test asks for, by the commands behind a user's keys. A line of JSON in, a line out:
// ["definition", "app/views.py", 4, 30] is answered by what VS Code would show.
const net = require("net");
const readline = require("readline");
const vscode = require("vscode");

const uri = (path) => vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, path);
const run = (command, ...rest) => vscode.commands.executeCommand(`vscode.execute${command}Provider`, ...rest);
const place = (where) => [
  vscode.workspace.asRelativePath(where.uri ?? where.targetUri),
  (where.range ?? where.targetSelectionRange ?? where.targetRange).start.line,
];

const steps = {
  open: async (path) => (await vscode.window.showTextDocument(uri(path))).document.languageId,
  definition: async (path, line, column) =>
    (await run("Definition", uri(path), new vscode.Position(line, column))).map(place),
  references: async (path, line, column) =>
    (await run("Reference", uri(path), new vscode.Position(line, column))).map(place),
  symbols: async (query) => (await run("WorkspaceSymbol", query)).map((one) => [one.name, ...place(one.location)]),
  outline: async (path) => ((await run("DocumentSymbol", uri(path))) ?? []).map((one) => one.name),
  type: (text) => {
    const editor = vscode.window.activeTextEditor;
    return editor.edit((edit) => edit.insert(new vscode.Position(editor.document.lineCount, 0), text));
  },
  save: () => vscode.window.activeTextEditor.document.save(),
};

exports.activate = () =>
  net
    .createServer((connection) => {
      readline.createInterface({ input: connection }).on("line", async (line) => {
        const [name, ...rest] = JSON.parse(line);
        const answer = await Promise.resolve(steps[name](...rest)).catch((error) => ({ error: String(error) }));
        connection.write(`${JSON.stringify(answer)}\n`);
      });
    })
    .listen(process.env.DRIVER_SOCKET);
