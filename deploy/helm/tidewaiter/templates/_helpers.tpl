{{- define "tidewaiter.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- default $full .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "tidewaiter.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tidewaiter.labels" -}}
{{ include "tidewaiter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Labels of one part: dict "root" $ "part" NAME. */}}
{{- define "tidewaiter.partSelector" -}}
{{ include "tidewaiter.selector" .root }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "tidewaiter.partLabels" -}}
{{ include "tidewaiter.labels" .root }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "tidewaiter.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "tidewaiter.fullname" .) .Values.serviceAccount.name }}
{{- else }}{{ default "default" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{- define "tidewaiter.configMap" -}}
{{- default (printf "%s-config" (include "tidewaiter.fullname" .)) .Values.config.existingConfigMap }}
{{- end }}

{{- define "tidewaiter.tlsSecret" -}}
{{- default (printf "%s-tls" (include "tidewaiter.fullname" .)) .Values.tls.existingSecret }}
{{- end }}

{{- define "tidewaiter.image" -}}
{{- $suffix := ternary "-single" "" (eq .Values.topology "single") }}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ default (printf "%s%s" $.Chart.AppVersion $suffix) .tag }}{{ end }}
{{- end }}
{{- end }}

{{/*
The parts of the topology, which all templates iterate over. `secrets` are the files that a part needs from the Secret,
`listens` the ports by the name of their Service, `queues` those whose jobs it takes, `reaches` what it calls beside the servers.
*/}}
{{- define "tidewaiter.parts" -}}
{{- if eq .Values.topology "single" }}
single: { listens: { ingest: {{ .Values.single.ports.ingest }}, console: {{ .Values.single.ports.console }} }, secrets: [], reaches: internet }
{{- else if eq .Values.topology "split" }}
ingest: { listens: { ingest: 8080 }, secrets: [database-url, nats-url, fingerprint-key, entry-key] }
scanner: { secrets: [database-url, nats-url, redis-url, fingerprint-key, entry-key], queues: [push, layer], reaches: internet }
detector: { secrets: [database-url, nats-url] }
notifier: { secrets: [database-url, nats-url, redis-url], queues: [delivery], reaches: internet }
console: { listens: { console: 8080 }, secrets: [database-url, nats-url, entry-key], reaches: internet }
{{- end }}
{{- end }}

{{/* Port of metrics and health of the parts of `split`. */}}
{{- define "tidewaiter.metricsPort" -}}9090{{- end }}

{{/* Settings of a container, as the profile "restricted" wants them. */}}
{{- define "tidewaiter.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: { drop: [ALL] }
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "tidewaiter.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{/* Variables from a map, in the order of their names. */}}
{{- define "tidewaiter.env" -}}
{{- range $name, $value := . -}}
- { name: {{ $name }}, value: {{ $value | toString | quote }} }
{{ end }}
{{- end }}

{{/* Rules of a role for actions of containment, with evidence; docs/containment.md has the same table. */}}
{{- define "tidewaiter.containmentRules" -}}
{{- if has "label" . }}
- { apiGroups: [''], resources: [pods], verbs: [get, patch] }
- { apiGroups: [apps], resources: [deployments, statefulsets, daemonsets], verbs: [get, patch] }
{{- end }}
{{- if has "isolate" . }}
- { apiGroups: [''], resources: [pods], verbs: [get, patch] }
- { apiGroups: [apps], resources: [deployments, statefulsets, daemonsets], verbs: [get] }
- { apiGroups: [networking.k8s.io], resources: [networkpolicies], verbs: [list, create, delete] }
{{- end }}
{{- if has "scale-to-zero" . }}
- { apiGroups: [apps], resources: [deployments, statefulsets, replicasets], verbs: [get] }
- { apiGroups: [apps], resources: [deployments/scale, statefulsets/scale, replicasets/scale], verbs: [patch] }
{{- end }}
{{- if has "delete-pod" . }}
- { apiGroups: [''], resources: [pods], verbs: [get, delete] }
{{- end }}
{{- if has "revoke-service-account-token" . }}
- { apiGroups: [''], resources: [serviceaccounts], verbs: [get, create, delete] }
{{- end }}
{{- if without . "cordon-node" }}
- { apiGroups: [''], resources: [pods, events], verbs: [list] }
{{- end }}
{{- end }}
