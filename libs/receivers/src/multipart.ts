/** Body of `multipart/form-data` with its header. */
export interface Multipart {
  headers: { 'content-type': string };
  body: Buffer;
}

/** A file of a form. */
export interface FormFile {
  field: string;
  name: string;
  mediaType: string;
  text: string;
}

/**
 * Writes a form with a file; undefined fields are left out.
 * @see https://www.rfc-editor.org/rfc/rfc7578
 */
export async function multipart(
  fields: Readonly<Record<string, string | undefined>>,
  { field, name, mediaType, text }: FormFile,
): Promise<Multipart> {
  const form = new FormData();
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) form.append(key, value);
  form.append(field, new Blob([text], { type: mediaType }), name);
  const encoded = new Response(form);
  const type = encoded.headers.get('content-type') ?? 'multipart/form-data';
  return { headers: { 'content-type': type }, body: Buffer.from(await encoded.arrayBuffer()) };
}
