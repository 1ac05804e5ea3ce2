import type { Analyzer } from '../analyzer.js';
import { readText } from '../document.js';
import { oneLine } from '../package-database.js';

const maxBytes = 1 << 20;
/** The file is a list of variables. */
const variable = /^[A-Z_]{4,64}="/;
const modules = /^MODULES="([^"\n]{1,65536})"/m;
/** Modules of Java runtimes, which have the version of the runtime. */
const ofRuntime = /^(?:java|jdk|javafx|jfx|oracle|openj9|com\.(?:azul|ibm|oracle|sun)|org\.graalvm)(?:\.|$)/;
/** Number of names in a warning. */
const maxNames = 10;

/**
 * Modules of an application that jlink put into its Java runtime (`lib/modules`), by the `release`
 * of the runtime. @see https://docs.oracle.com/en/java/javase/21/docs/specs/man/jlink.html
 */
export const javaModules: Analyzer = {
  name: 'java-modules',
  version: 1,
  maxBytes,
  wants: (path, head) => path.endsWith('/release') && variable.test(Buffer.from(head).toString('latin1')),
  analyze: ({ content }) => {
    const [, list = ''] = modules.exec(readText(content, maxBytes)) ?? [];
    const own = list.split(/\s+/).filter((name) => name !== '' && !ofRuntime.test(name));
    if (own.length === 0) return {};
    const names = oneLine(own.slice(0, maxNames).join(', '));
    const more = own.length > maxNames ? ` and ${own.length - maxNames} more` : '';
    return { unread: `modules in the Java runtime are not read: ${names}${more}` };
  },
};
