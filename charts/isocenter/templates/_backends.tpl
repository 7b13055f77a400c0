{{/* Addresses of the back-ends: the ones that were given, else the bundled ones'. */}}
{{- define "isocenter.url" -}}
{{- $name := include "isocenter.name" .root -}}
{{- $site := .root.Values.site -}}
{{- $bundled := .root.Values.bundled -}}
{{- $given := index .root.Values .backend "url" -}}
{{- if $given }}{{ $given }}
{{- else if eq .backend "objects" }}s3+http://{{ $name }}-minio:9000/{{ $site }}
{{- else if eq .backend "index" }}opensearch+http://{{ $name }}-opensearch:9200/{{ $site }}
{{- else -}}
nats://
{{- range $i, $_ := until (int $bundled.nats.replicas) }}{{ if $i }},{{ end }}{{ $name }}-nats-{{ $i }}.{{ $name }}-nats:4222{{ end }}
{{- end }}
{{- end }}

{{/* Which bundled server stands for a back-end. */}}
{{- define "isocenter.server" -}}
{{- get (dict "objects" "minio" "index" "opensearch" "bus" "nats") . -}}
{{- end }}

{{/* Where a back-end is, for a NetworkPolicy: one rule. Takes root and backend. */}}
{{- define "isocenter.egress" -}}
{{- $server := include "isocenter.server" .backend -}}
{{- $ports := regexFindAll ":[0-9]+" (include "isocenter.url" .) -1 | uniq -}}
- ports:
    {{- range $ports }}
    - { protocol: TCP, port: {{ trimPrefix ":" . }} }
    {{- end }}
  {{- if not (index .root.Values .backend "url") }}
  to:
    - podSelector:
        matchLabels:
          {{- include "isocenter.selector" (dict "root" .root "part" $server) | nindent 10 }}
  {{- else if index .root.Values .backend "peers" }}
  to:
    {{- index .root.Values .backend "peers" | toYaml | nindent 4 }}
  {{- end }}
{{- end }}
