// Drives `sonde mcp` with the official TypeScript client: every tool, cancelled calls, folders that
// the client names, and a client that leaves in the middle.
//
//   conformance.mjs SONDE MODULES     MODULES: the node_modules folder that holds the client
import {mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';

const [sonde, modules] = process.argv.slice(2);
const sdk = path => import(pathToFileURL(join(modules, '@modelcontextprotocol/sdk/dist/esm', path)).href);
const {Client} = await sdk('client/index.js');
const {StdioClientTransport} = await sdk('client/stdio.js');
const {ListRootsRequestSchema} = await sdk('types.js');

const tools = {
  search: {query: 'where are expired sessions forgotten'},
  definition: {symbol: 'Session.forget_expired'},
  references: {symbol: 'forget_expired', mentions: false},
  callers: {symbol: 'forget_expired'},
  callees: {symbol: 'tick', depth: 2},
  outline: {path: 'src'},
  history: {query: 'expired sessions'},
  read: {path: 'src/money.py'},
  status: {},
  index: {},
};

function require(holds, what) {
  if (!holds) {
    console.error(`conformance: ${what}`);
    process.exit(1);
  }
}

const home = realpathSync(mkdtempSync(join(tmpdir(), 'sonde-conformance-')));
process.on('exit', () => rmSync(home, {recursive: true, force: true}));
const project = join(home, 'project');
mkdirSync(join(project, 'src'), {recursive: true});
writeFileSync(join(project, 'src/session.py'),
  'class Session:\n    def forget_expired(self, clock):\n        return clock\n\n\ndef tick(session, clock):\n    session.forget_expired(clock)\n');
writeFileSync(join(project, 'src/money.py'), 'def refund_invoice(amount):\n    return -amount\n');
for (let i = 0; i < 40; ++i) {
  writeFileSync(join(project, `src/part_${i}.py`), `def part_${i}(value):\n    return value + ${i}\n`.repeat(20));
}

/// A connected client, and the process it started.
async function connect(capabilities, prepare = () => {}) {
  const transport = new StdioClientTransport({
    command: sonde, args: ['mcp'], cwd: home, stderr: 'ignore',
    env: {HOME: home, XDG_DATA_HOME: join(home, 'data'), PATH: '/usr/bin:/bin', LANG: 'C.UTF-8'},
  });
  const client = new Client({name: 'conformance', version: '1'}, {capabilities});
  prepare(client);
  await client.connect(transport);
  return {client, pid: transport.pid};
}

const namesRoots = client => client.setRequestHandler(
  ListRootsRequestSchema, () => ({roots: [{uri: pathToFileURL(project).href, name: 'project'}]}));

async function isGone(pid) {
  for (let i = 0; i < 600; ++i) {
    try {
      if (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()[0] === 'Z') return true;
    } catch {
      return true;
    }
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  return false;
}

const {client, pid} = await connect({roots: {listChanged: true}}, namesRoots);
require(client.getServerVersion().name === 'sonde', 'the server has another name');
require(client.getInstructions().includes('search'), 'the instructions do not say what to use');
const listed = (await client.listTools()).tools.map(tool => tool.name);
require(listed.length === Object.keys(tools).length + 1, `the tools are ${listed}`);
const heard = [];
await client.callTool({name: 'index', arguments: {force: true}}, undefined,
  {onprogress: progress => heard.push(progress.progress)});
require(heard.every((value, i) => i === 0 || value > heard[i - 1]), `progress goes back: ${heard}`);
for (const [name, args] of Object.entries(tools)) {  // the client holds each answer against its schema
  const result = await client.callTool({name, arguments: args});
  require(!result.isError, `${name}: ${result.content[0].text}`);
  require(result.content[0].text && result.structuredContent, `${name} says nothing`);
}
const similar = await client.callTool({name: 'similar', arguments: {file: 'src/money.py'}});
require(similar.isError && similar.content[0].text.includes('model'), 'without a model nothing is similar');
const roots = (await client.callTool({name: 'status', arguments: {}})).structuredContent.roots;
require(roots.length === 1 && roots[0].root === project, 'the roots are not what the client named');
require((await client.listPrompts()).prompts.length === 2, 'prompts');

// Cancelled calls end without an answer; the next one is answered.
await Promise.all([1, 2, 3].map(async () => {
  const stop = new AbortController();
  const call = client.callTool({name: 'index', arguments: {force: true}}, undefined, {signal: stop.signal});
  setTimeout(() => stop.abort(), 5);
  await call.catch(() => {});
}));
require(!(await client.callTool({name: 'status', arguments: {}})).isError, 'no answer after a cancelled call');
await client.close();
require(await isGone(pid), 'the process is still there');

// A client that leaves while a call runs.
const second = await connect({roots: {}}, namesRoots);
second.client.callTool({name: 'index', arguments: {force: true}}).catch(() => {});
await second.client.close();
require(await isGone(second.pid), 'the process outlived its client');
console.log(`${listed.length} tools, cancel, leave`);
process.exit(0);
