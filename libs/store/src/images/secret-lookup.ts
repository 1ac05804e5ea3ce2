/**
 * SQL condition on `image_finding`: the value of a secret stands in one of the places of the
 * finding. A finding of a package lists the values of its places, others have one value.
 * @param values parameter of the fingerprints, an array of text
 */
export function holdsSecret(values: string): string {
  return `(finding -> 'evidence' ->> 'valueFingerprint' = ANY(${values}::text[])
    OR finding #> '{evidence,package}' IS NOT NULL
      AND jsonb_path_query_array(finding, '$.locations[*].valueFingerprint') ?| ${values}::text[])`;
}
