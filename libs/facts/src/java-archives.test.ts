import { isInArchive, javaArchivesOf } from './java-archives.js';

const archives = (commandLine: string, workingDirectory: string | null = null) =>
  javaArchivesOf({ commandLine, parentCommandLine: null, workingDirectory });

describe('javaArchivesOf', () => {
  it.each([
    ['java -jar /app/shop.jar', ['/app/shop.jar']],
    ['/opt/java/openjdk/bin/java -Xmx1g -XX:+UseZGC -jar /app/shop.jar -cp /not/an/option.jar', ['/app/shop.jar']],
    ['java -cp /app/classes:/app/a.jar:/app/lib/* com.acme.Main -jar x.jar', ['/app/a.jar', '/app/lib/*']],
    ['java --class-path=/a.war -p /mods com.acme.Main', ['/a.war']],
    ['java "-classpath" "/a.jar" Main', ['/a.jar']],
    ['java -jar', []],
    ['java -version', []],
    ['/usr/bin/javac -cp /a.jar Main.java', []],
    ['sh -c "java -jar /app/shop.jar"', []],
    ['', []],
  ])('parses %s', (commandLine, expected) => {
    expect(archives(commandLine)).toEqual(expected);
  });

  it('resolves relative paths with a known working directory', () => {
    expect(archives('java -jar ./shop.jar', '/app')).toEqual(['/app/shop.jar']);
    expect(archives('java -jar ./shop.jar')).toEqual(['shop.jar']);
  });

  it("parses the parent's command line, which a sensor may report first", () => {
    const process = { commandLine: 'sh -c id', parentCommandLine: 'java -jar /a.jar', workingDirectory: '/' };
    expect(javaArchivesOf(process)).toEqual(['/a.jar']);
  });

  it('limits a hostile class path', () => {
    expect(archives(`java -cp ${Array.from({ length: 5_000 }, (_, n) => `/${n}.jar`).join(':')} Main`)).toHaveLength(
      256,
    );
  });
});

describe('isInArchive', () => {
  it.each([
    ['/app/a.jar', '/app/a.jar', true],
    ['/app/shop.ear!/shop.war!/WEB-INF/lib/a.jar', '/app/shop.ear', true],
    ['/app/a.jar', 'a.jar', true],
    ['/app/aa.jar', 'a.jar', false],
    ['/app/lib/a.jar', '/app/lib/*', true],
    ['/app/lib/a.jar!/b.jar', '/app/lib/*', true],
    ['/app/lib/deep/a.jar', '/app/lib/*', false],
    ['/app/lib/a.jar', 'lib/*', true],
    ['/app/lib/readme.txt', '/app/lib/*', false],
    ['/app/b.jar', '/app/a.jar', false],
  ])('finds %s in %s: %s', (location, archive, expected) => {
    expect(isInArchive(location, archive)).toBe(expected);
  });
});
