import { isMadeByTools } from './paths.js';

/** Properties of a file, by its path. */
export interface FileTraits {
  path: string;
  /** Lock files, bundles, translations: names and values that were not written by hand. */
  isMadeByTools: boolean;
  /**
   * Formats that pair a name with a value on purpose: `.env`, `.ini`, `.yaml`, the variables of an
   * image.
   */
  isConfig: boolean;
  /**
   * Variables, one per line, or the settings of one application: a variable named like a password
   * is one.
   */
  isEnvironment: boolean;
  /** Shell commands: scripts, their history, Dockerfiles, units, crontabs. */
  isShell: boolean;
}

const environmentName =
  /^(?:\.env(?:[._~-][\w.-]{0,40})?|.{0,200}\.(?:env|tfvars)|\.envrc|(?:application|bootstrap)(?:-[\w-]{1,40})?\.(?:properties|ya?ml)|(?:gradle|database|datasource|jdbc|db|local)\.properties|database\.ya?ml|parameters\.ya?ml)$/;
const environmentPath =
  /(?:^|\/)(?:etc\/environment|environment\.d\/[^/]{1,80}|(?:group_vars|host_vars)\/.{1,200}|\.streamlit\/secrets\.toml|\.duply\/[^/]{1,80}\/conf|\.acme\.sh\/account\.conf)$/;
const configName =
  /^(?:.{0,200}\.(?:ini|cfg|cnf|conf|config|properties|toml|ya?ml|tfvars|json|xml|plist|sls)|credentials|Dockerfile[\w.-]{0,40})$/i;
const shellName =
  /^(?:.{0,200}\.(?:sh|bash|zsh|ksh|fish|csh|ps1|bat|cmd|service|mk)|\.[a-z_]{1,20}_?history|fish_history|\.viminfo|\.?(?:bash|zsh|ksh|csh)(?:rc|env|_profile|_aliases|_login)|\.?profile|(?:[\w.-]{1,40}\.)?(?:Dockerfile|Containerfile)[\w.-]{0,40}|Makefile|Jenkinsfile|crontab|(?:docker-)?entrypoint)$/i;
const shellPath = /(?:^|\/)(?:cron\.[a-z]{1,8}|crontabs|init\.d|profile\.d|etc\/default|sysconfig|\.git\/hooks)\//;

/** Computes each trait on first use: for most files no rule needs one. */
export class TraitsOfPath implements FileTraits {
  #isMadeByTools: boolean | undefined;
  #isEnvironment: boolean | undefined;
  #isConfig: boolean | undefined;
  #isShell: boolean | undefined;

  constructor(readonly path: string) {}

  get isMadeByTools(): boolean {
    return (this.#isMadeByTools ??= isMadeByTools(this.path));
  }

  get isEnvironment(): boolean {
    return (this.#isEnvironment ??= environmentName.test(nameOf(this.path)) || environmentPath.test(this.path));
  }

  get isConfig(): boolean {
    return (this.#isConfig ??= this.isEnvironment || configName.test(nameOf(this.path)));
  }

  get isShell(): boolean {
    return (this.#isShell ??= shellName.test(nameOf(this.path)) || shellPath.test(this.path));
  }
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Texts of the config of an image: variables, labels and commands. */
export const imageConfigTraits: FileTraits = {
  path: '.env',
  isMadeByTools: false,
  isConfig: true,
  isEnvironment: true,
  isShell: true,
};
