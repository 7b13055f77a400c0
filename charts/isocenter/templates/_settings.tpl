{{/*
Environment of one service's process. Takes root, name and service; node where the pod has no index, folder where it has
no volume for data. No secret: those are files.
*/}}
{{- define "isocenter.environment" -}}
{{- $v := .root.Values -}}
{{- $full := include "isocenter.name" .root -}}
{{- $folder := .folder | default "/var/lib/isocenter" -}}
{{- if not .node }}
- name: POD_INDEX
  valueFrom: { fieldRef: { fieldPath: "metadata.labels['apps.kubernetes.io/pod-index']" } }
{{- end }}
- name: ISOCENTER_NODE
  value: {{ .node | default (printf "%s-$(POD_INDEX)" .name) }}
{{- $told := dict
  "SITE" $v.site
  "DATA_FOLDER" $folder
  "CONFIG_FOLDER" "/etc/isocenter"
  "RUN_FOLDER" "/tmp/run"
  "SECRETS_FOLDER" "/run/secrets/isocenter"
  "OBJECTS_URL" (include "isocenter.url" (dict "root" .root "backend" "objects"))
  "JOURNAL_URL" (include "isocenter.url" (dict "root" .root "backend" "objects"))
  "INDEX_URL" (include "isocenter.url" (dict "root" .root "backend" "index"))
  "BUS_URL" (include "isocenter.url" (dict "root" .root "backend" "bus"))
  "BUS_USER" ($v.bus.user | default (ternary $v.site "" $v.bundled.nats.enabled))
  "BUS_REPLICAS" $v.bus.replicas
  "LISTEN" $v.listen
  "TRUST_LOOPBACK" "false"
  "HTTP_PORT" $v.ports.http
  "HEALTH_PORT" $v.ports.health
  "METRICS_PORT" $v.ports.metrics
  "METRICS_LISTEN" $v.listen
  "OTLP_URL" $v.tracing.url
  "OTLP_SHARE" $v.tracing.share
  "LOG_LEVEL" $v.logLevel
  "GRACE_S" $v.graceSeconds
-}}
{{- if has "rpc" .service.serves }}{{ $_ := set $told "RPC_PORT" $v.ports.rpc }}{{ end -}}
{{- if and (eq .service.command "ingest") (has "http" .service.serves) -}}
  {{- $_ := set $told "INGEST_ANSWER_HTTP" "true" -}}
{{- end -}}
{{- if or (eq .service.command "ingest") (eq .service.command "http") -}}
  {{- $_ := set $told "INGEST_INDEXER_NODES" "indexer" -}}
  {{- $_ := set $told "INGEST_PURGE_NODE" "ingest-0" -}}
  {{- $_ := set $told "INGEST_PUBLIC_URL" $v.http.publicUrl -}}
{{- end -}}
{{- if or (eq .service.command "streaming") (eq .service.command "http") -}}
  {{- $_ := set $told "STREAMING_INDEXER_NODES" "indexer" -}}
  {{- $_ := set $told "STREAMING_PUBLIC_URL" $v.http.publicUrl -}}
{{- end -}}
{{- if and (has "http" .service.serves) $v.access.oidc.issuer -}}
  {{- $_ := set $told "OIDC_ISSUER" $v.access.oidc.issuer -}}
  {{- $_ := set $told "OIDC_AUDIENCE" $v.access.oidc.audience -}}
  {{- $_ := set $told "OIDC_CLIENT_ID" $v.access.oidc.clientId -}}
  {{- $_ := set $told "OIDC_PUBLIC_URL" (ternary $v.http.publicUrl "" (not (empty $v.access.oidc.clientId))) -}}
  {{- $_ := set $told "OIDC_CA_FILE" (ternary "/run/secrets/isocenter/oidc-ca.crt" "" $v.access.oidc.ownAuthority) -}}
{{- end -}}
{{- if and (has "index" .service.uses) $v.index.ownAuthority -}}
  {{- $_ := set $told "INDEX_CA_FILE" "/run/secrets/isocenter/ca.crt" -}}
{{- end -}}
{{- if or (has "dicom" .service.serves) (eq .service.command "http") -}}
  {{- $_ := set $told "INGEST_AE_TITLE" $v.dicom.aeTitle -}}
  {{- $_ := set $told "INGEST_STRICT_CALLED_AE_TITLE" $v.dicom.strictCalledAeTitle -}}
  {{- $_ := set $told "INGEST_ACCEPT_UNKNOWN" $v.dicom.acceptUnknown -}}
  {{- $_ := set $told "INGEST_DICOM_PORT" $v.ports.dicom -}}
  {{- $_ := set $told "INGEST_DICOM_TLS_PORT" (ternary $v.ports.dicomTls 0 (not (empty $v.dicom.tls.existingSecret))) -}}
  {{- $_ := set $told "INGEST_LOW_MARK_BYTES" (int64 $v.spool.lowMarkBytes) -}}
  {{- $_ := set $told "INGEST_HARD_MARK_BYTES" (int64 $v.spool.hardMarkBytes) -}}
{{- end -}}
{{- if has "dicom" .service.serves -}}
  {{- $_ := set $told "INGEST_ACKNOWLEDGE_FROM_SPOOL" $v.spool.acknowledge -}}
{{- end -}}
{{- $targets := dict -}}
{{- range $callee := .service.calls -}}
  {{- $one := index $v.services $callee -}}
  {{- if $one.enabled -}}
    {{- $pods := list -}}
    {{- range $index := until (int $one.replicas) -}}
      {{- $pods = append $pods (printf "dns:///%s-%s-%d.%s-%s:%d" $full $callee $index $full $callee (int $v.ports.rpc)) -}}
    {{- end -}}
    {{- $_ := set $targets $callee (join "," $pods) -}}
  {{- end -}}
{{- end -}}
{{- if $targets }}{{ $_ := set $told "RPC_TARGETS" ($targets | toJson) }}{{ end -}}
{{- range $key, $value := .service.settings -}}
  {{- $text := ternary ($value | toJson) ($value | toString) (or (kindIs "map" $value) (kindIs "slice" $value)) -}}
  {{- $_ := set $told (printf "%s_%s" ($.name | upper | replace "-" "_") ($key | upper)) $text -}}
{{- end -}}
{{- range $key, $value := $told }}
{{- if ne ($value | toString) "" }}
- name: ISOCENTER_{{ $key }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}
# copies of whole objects for the codecs: /tmp has no room for them, and a pod that overfills it is ended
- name: TMPDIR
  value: {{ $folder }}
# glibc gives large blocks back and forth with the kernel at its default thresholds
- name: MALLOC_MMAP_THRESHOLD_
  value: "67108864"
- name: MALLOC_TRIM_THRESHOLD_
  value: "134217728"
{{- with $v.pod.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Secrets as files named after the settings. A service may have its own. */}}
{{- define "isocenter.secrets" -}}
{{- $v := .root.Values -}}
{{- $own := .service.secrets -}}
{{- $files := list
  (dict "of" "objects" "key" "access-key" "path" "isocenter_objects_access_key")
  (dict "of" "objects" "key" "secret-key" "path" "isocenter_objects_secret_key")
  (dict "of" "bus" "key" "token" "path" "isocenter_bus_token")
  (dict "of" "rpc" "key" "token" "path" "isocenter_rpc_token")
  (dict "of" "metrics" "key" "token" "path" "isocenter_metrics_token")
  (dict "of" "tracing" "key" "token" "path" "isocenter_otlp_token")
  (dict "of" "index" "key" "user" "path" "isocenter_index_user")
  (dict "of" "index" "key" "password" "path" "isocenter_index_password")
-}}
{{- $names := dict -}}
{{- range list "objects" "bus" "rpc" "metrics" "tracing" "index" -}}
  {{- if or (not (has . (list "objects" "bus" "index"))) (has . $.service.uses) -}}
    {{- $_ := set $names . (get $own . | default (index $v . "existingSecret")) -}}
  {{- end -}}
{{- end -}}
{{- with $v.access.oidc }}
{{- if and .existingSecret (has "http" $.service.serves) }}
- secret:
    name: {{ .existingSecret }}
    items:
      - { key: client-secret, path: isocenter_oidc_client_secret }
      {{- if .ownAuthority }}
      - { key: ca.crt, path: oidc-ca.crt }
      {{- end }}
{{- end }}
{{- end }}
{{- range $what := list "objects" "bus" "rpc" "metrics" "tracing" "index" }}
{{- with get $names $what }}
- secret:
    name: {{ . }}
    items:
      {{- range $files }}
      {{- if eq .of $what }}
      - { key: {{ .key }}, path: {{ .path }} }
      {{- end }}
      {{- end }}
      {{- if and (eq $what "index") $v.index.ownAuthority }}
      - { key: ca.crt, path: ca.crt }
      {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The config folder: users where there is HTTP, certificates where there is gRPC, AE list and more for DICOM. */}}
{{- define "isocenter.config" -}}
{{- $v := .root.Values -}}
{{- if and (has "http" .service.serves) $v.access.existingSecret }}
- secret:
    name: {{ $v.access.existingSecret }}
    items: [{ key: users.json, path: users.json }]
{{- end }}
{{- if and (has "http" .service.serves) .root.Values.access.oidc.issuer }}
- configMap:
    name: {{ include "isocenter.name" .root }}-access
{{- end }}
{{- if or (has "rpc" .service.serves) .service.calls }}
- secret:
    name: {{ $v.rpc.existingSecret }}
    items:
      - { key: tls.crt, path: rpc-tls.crt }
      - { key: tls.key, path: rpc-tls.key }
      - { key: ca.crt, path: rpc-ca.crt }
{{- end }}
{{- if has "dicom" .service.serves }}
- configMap:
    name: {{ include "isocenter.name" .root }}-ae
{{- with $v.dicom.tls.existingSecret }}
- secret:
    name: {{ . }}
    items:
      - { key: tls.crt, path: dicom-tls.crt }
      - { key: tls.key, path: dicom-tls.key }
      {{- if $v.dicom.tls.askPeers }}
      - { key: ca.crt, path: dicom-tls-ca.crt }
      {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Named ports of a service's process. */}}
{{- define "isocenter.ports" -}}
{{- $v := .root.Values -}}
{{- if has "dicom" .service.serves }}
- { name: dicom, containerPort: {{ $v.ports.dicom }} }
{{- if $v.dicom.tls.existingSecret }}
- { name: dicom-tls, containerPort: {{ $v.ports.dicomTls }} }
{{- end }}
{{- end }}
{{- if has "http" .service.serves }}
- { name: http, containerPort: {{ $v.ports.http }} }
{{- end }}
{{- if has "rpc" .service.serves }}
- { name: rpc, containerPort: {{ $v.ports.rpc }} }
{{- end }}
- { name: health, containerPort: {{ $v.ports.health }} }
- { name: metrics, containerPort: {{ $v.ports.metrics }} }
{{- end }}
