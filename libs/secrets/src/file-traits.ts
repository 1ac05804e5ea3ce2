import { isMadeByTools } from './paths.js';

/** What the path says of a file. */
export interface FileTraits {
  path: string;
  /** Lock files, bundles, translations: no names and values that somebody wrote. */
  isMadeByTools: boolean;
  /** Where a name stands beside its value on purpose: `.env`, `.ini`, `.yaml`, the variables of an image. */
  isConfig: boolean;
  /** Variables alone, one a line, or the settings of one application: whoever names one a password means it. */
  isEnvironment: boolean;
  /** Commands as one types them: scripts, their history, Dockerfiles, units, crontabs. */
  isShell: boolean;
}

const environmentPath =
  /(?:^|\/)\.env(?:[._-][\w.-]{1,40})?$|\.env$|(?:^|\/)\.envrc$|(?:^|\/)etc\/environment$|(?:^|\/)environment\.d\/[\w.-]{1,80}$|\.tfvars$|(?:^|\/)(?:application|bootstrap)(?:-[\w-]{1,40})?\.(?:properties|ya?ml)$|(?:^|\/)(?:gradle|database|datasource|jdbc|db|local)\.properties$|(?:^|\/)(?:group_vars|host_vars)\/|(?:^|\/)parameters\.ya?ml$|(?:^|\/)\.streamlit\/secrets\.toml$|(?:^|\/)\.duply\/[\w.-]{1,80}\/conf$/;
const configPath =
  /\.(?:ini|cfg|cnf|conf|config|properties|toml|ya?ml|tfvars|json|xml)$|(?:^|\/)(?:credentials|Dockerfile[\w.-]{0,40})$/i;
const shellPath =
  /\.(?:sh|bash|zsh|ksh|fish|csh|ps1|bat|cmd|service|mk)$|(?:^|\/)(?:\.[a-z_]{1,20}_?history|fish_history|\.?(?:bash|zsh|ksh|csh)(?:rc|env|_profile|_aliases|_login)|\.?profile|(?:[\w.-]{1,40}\.)?(?:Dockerfile|Containerfile)[\w.-]{0,40}|Makefile|Jenkinsfile|crontab|(?:docker-)?entrypoint)$|(?:^|\/)(?:cron\.[a-z]{1,8}|crontabs|init\.d|profile\.d|etc\/default|sysconfig|\.git\/hooks)\//i;

export function traitsOf(path: string): FileTraits {
  const isEnvironment = environmentPath.test(path);
  return {
    path,
    isMadeByTools: isMadeByTools(path),
    isEnvironment,
    isConfig: isEnvironment || configPath.test(path),
    isShell: shellPath.test(path),
  };
}

/** Texts of the config of an image: variables, labels and commands. */
export const imageConfigTraits: FileTraits = {
  path: '.env',
  isMadeByTools: false,
  isConfig: true,
  isEnvironment: true,
  isShell: true,
};
