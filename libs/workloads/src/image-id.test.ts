import { fullRepository, readImageName } from './image-id.js';

const digest = `sha256:${'a'.repeat(64)}`;

describe('readImageName and fullRepository', () => {
  it.each([
    ['', null, null, null],
    ['nginx', 'nginx', null, null],
    ['nginx:latest', 'nginx', 'latest', null],
    ['localhost:5000/shop/app', 'localhost:5000/shop/app', null, null],
    ['localhost:5000/shop/app:1.4', 'localhost:5000/shop/app', '1.4', null],
    [`localhost:5000/shop/app@${digest}`, 'localhost:5000/shop/app', null, digest],
    [`localhost:5000/shop/app:1.4@${digest}`, 'localhost:5000/shop/app', '1.4', digest],
    [`docker-pullable://nginx@${digest}`, 'nginx', null, digest],
    [`docker://${digest}`, null, null, digest],
    [digest, null, null, digest],
    ['nginx@sha256:short', null, null, null],
    [`a@${digest}@${digest}`, null, null, null],
    ['<none>', null, null, null],
    ['x'.repeat(600), null, null, null],
  ])('parse %j', (text, repository, tag, read) => {
    const isNothing = repository === null && read === null;
    expect(readImageName(text)).toEqual(isNothing ? null : { repository, tag, digest: read });
  });

  it.each([
    ['nginx', 'docker.io/library/nginx'],
    ['corp/app', 'docker.io/corp/app'],
    ['index.docker.io/library/nginx', 'docker.io/library/nginx'],
    ['localhost/app', 'localhost/app'],
    ['registry.example.com:5000/app', 'registry.example.com:5000/app'],
  ])('expand %s to %s', (repository, full) => {
    expect(fullRepository(repository)).toBe(full);
  });
});
