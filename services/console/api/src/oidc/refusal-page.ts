/** Page for a browser that could not sign in. */
export function refusalPage(reason: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Not signed in · Tidewaiter</title></head>
<body>
<main>
<h1>Not signed in</h1>
<p>${escaped(reason)}.</p>
<p><a href="../../../../">Back to the console</a></p>
</main>
</body>
</html>
`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => entities[character]!);
}
