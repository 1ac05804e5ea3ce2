// Holds comments, names and tests to the glossary's plain English: each count may fall and never rise.
// `node tools/check-words.mjs --list METRIC` prints the places of one count.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Lower a limit when a change has brought its count down. */
const limits = {
  headlessComments: 0,
  tellTold: 38,
  actors: 25,
  britishSpelling: 15,
  shortTestNames: 97,
  wideComments: 0,
  testFilesWithoutDescribe: 0,
  exportedTypeNamesTwice: 0,
  titlesOutOfForm: 0,
};

// Words of a standard, which are data, and types that are generated.
const wordLists = [':!libs/secrets/src/mnemonic-words.ts', ':!services/console/web/src/api/openapi.d.ts'];
const files = execFileSync('git', ['ls-files', '*.ts', '*.tsx', ...wordLists], { encoding: 'utf8' })
  .trim()
  .split('\n');
const sources = files.map((path) => ({ path, text: readFileSync(path, 'utf8') }));
const isTest = ({ path }) => path.endsWith('.test.ts');

/** A clause without its noun: "What a status shows", "Of that which people were told", "Somebody who may". */
const headless =
  /(?:\/\*\*?|^\s*\*|\/\/)\s+(?:What|Whatever|Who|Whoever|Whom|Whose|Which|Of|Those|That|Somebody|Nobody|Something|Nothing|Anything|Everything|People)\b/;
const tell = /(?:\b|[a-z])(?:[Tt]ell(?:s|ing)?|[Tt]old)(?![a-z])/g;
const actor = /\b(?:nobody|somebody|anybody|whoever|strangers?)\b/gi;
const british =
  /analys(?:ed?|ing)\b|(?:recogn|normal|organ|summar|serial|initial)is(?:e[ds]?|ing|ation)\b|behaviour|catalogue|colour|licence|judgement|neighbour/gi;
/** The name of a test or group, in a call or after the rows of its table. */
const testName =
  /(?:\b(?:(?:it|test|describe)(?:\.\w+)*|(?:it|describe)With\(.*?\)(?:\.\w+)*)\(|^\s*\](?: as const)?\)\()(['"`])(.+?)\1,/;
const comment = /^\s*(?:\/\*|\*|\/\/)/;
const exportedType = /^export (?:type|interface|class) (\w+)/gm;

function* headlessComments() {
  for (const { path, text } of sources) {
    const lines = text.split('\n');
    for (const [index, line] of lines.entries()) {
      // A line inside a block comment continues the sentence of the one before.
      const opens = /\/\*\*?\s|\/\//.test(line) || /^\s*\/\*\*\s*$/.test(lines[index - 1] ?? '');
      const goesOn = /^\s*\/\//.test(line) && /^\s*\/\//.test(lines[index - 1] ?? '');
      if (opens && !goesOn && headless.test(line)) yield `${path}:${index + 1}: ${line.trim()}`;
    }
  }
}

function* lines() {
  for (const { path, text } of sources) {
    for (const [index, line] of text.split('\n').entries()) {
      const name = isTest({ path }) ? testName.exec(line)?.[2] : undefined;
      yield { place: `${path}:${index + 1}: ${line.trim()}`, line, name, isComment: comment.test(line) };
    }
  }
}

function* tellTold() {
  for (const { place, line } of lines()) for (const _ of line.matchAll(tell)) yield place;
}

function* actors() {
  for (const { place, line, name, isComment } of lines()) {
    for (const _ of (isComment ? line : (name ?? '')).matchAll(actor)) yield place;
  }
}

function* britishSpelling() {
  for (const { place, line } of lines()) for (const _ of line.matchAll(british)) yield place;
}

/** Names that do not read alone in a failing list: "ends", "are all used". */
function* shortTestNames() {
  for (const { place, line, name } of lines()) {
    if (name && name.split(' ').length <= 3 && !name.includes('%') && !/\bdescribe(?:With)?\b/.test(line)) yield place;
  }
}

/** Comments wider than 100 columns, except for a long URL. */
function* wideComments() {
  for (const { place, line, isComment } of lines()) {
    if (isComment && line.length > 100 && !/^\s*\S{1,3} \S+$/.test(line)) yield place;
  }
}

function* testFilesWithoutDescribe() {
  for (const source of sources) {
    if (isTest(source) && !/\bdescribe(?:With)?\b/.test(source.text)) yield source.path;
  }
}

function* exportedTypeNamesTwice() {
  const places = new Map();
  for (const source of sources) {
    // The web pages name answers of the API and import none of the types that these are made of.
    if (isTest(source) || source.path.startsWith('services/console/web/')) continue;
    for (const [, name] of source.text.matchAll(exportedType))
      places.set(name, [...(places.get(name) ?? []), source.path]);
  }
  for (const [name, paths] of places) if (paths.length > 1) yield `${name}: ${paths.join(', ')}`;
}

/** Titles of rules and checks are noun phrases of few words that users search for. */
const bannedInTitles =
  /\b(?:no ?body|some ?body|any ?body|every ?body|something|whoever|whatever|who|people|strangers?|tells?|told|says?|said|brought|looks around|goes on)\b/i;
const headlessTitle = /^(?:A|An|The|What|Which|Of|Those|That|There|It)\s/;
const checkTitle = /\b(?:id|stem): ['`][^'`]+['`],\s*title: ['`]([^'`]+)['`]/g;

function* titlesOutOfForm() {
  const isOutOfForm = (title, min) => {
    const { length } = title.split(/\s+/);
    return length < min || length > 9 || bannedInTitles.test(title) || headlessTitle.test(title);
  };
  const rules = execFileSync('git', ['ls-files', 'rules/**/*.yml'], { encoding: 'utf8' }).trim().split('\n');
  for (const path of rules) {
    for (const [, title] of readFileSync(path, 'utf8').matchAll(/^title: (.+)$/gm))
      if (isOutOfForm(title, 3)) yield `${path}: ${title}`;
  }
  for (const { path, text } of sources) {
    if (!path.startsWith('libs/checks/src/')) continue;
    for (const [, title] of text.matchAll(checkTitle)) if (isOutOfForm(title, 2)) yield `${path}: ${title}`;
  }
}

const metrics = {
  headlessComments,
  tellTold,
  actors,
  britishSpelling,
  shortTestNames,
  wideComments,
  testFilesWithoutDescribe,
  exportedTypeNamesTwice,
  titlesOutOfForm,
};
const [, , flag, asked] = process.argv;
if (flag === '--list') {
  for (const place of metrics[asked]()) console.log(place);
} else {
  for (const [name, find] of Object.entries(metrics)) {
    const count = [...find()].length;
    console.log(`${name}: ${count} (limit ${limits[name]})`);
    if (count > limits[name]) process.exitCode = 1;
  }
  if (process.exitCode)
    console.error('See the glossary in ARCHITECTURE.md and `node tools/check-words.mjs --list METRIC`.');
}
