{{/* Configuration, command and probes of the bundled servers. Each takes root, set and part. */}}

{{/* Every message is synced before it is acknowledged. The password comes out of the environment. */}}
{{- define "isocenter.nats-configuration" -}}
{{- $full := printf "%s-nats" (include "isocenter.name" .root) -}}
server_name: $POD_NAME
listen: "0.0.0.0:4222"
http: "0.0.0.0:8222"
max_payload: 2MB
ping_interval: "10s"
write_deadline: "10s"
jetstream {
  store_dir: "/data"
  max_memory_store: 67108864
  sync_interval: "always"
}
accounts {
  {{ .root.Values.site | quote }} {
    jetstream: enabled
    users: [{ user: {{ .root.Values.bus.user | default .root.Values.site | quote }}, password: $BUS_PASSWORD_QUOTED }]
  }
}
{{- if gt (int .set.replicas) 1 }}
cluster {
  name: "isocenter"
  listen: "0.0.0.0:6222"
  no_advertise: true
  routes: [
    {{- range $i, $_ := until (int .set.replicas) }}
    "nats-route://{{ $full }}-{{ $i }}.{{ $full }}:6222"
    {{- end }}
  ]
}
{{- end }}
{{- end }}

{{- define "isocenter.nats-process" -}}
args: [--config, /etc/nats/nats.conf]
env:
  - name: POD_NAME
    valueFrom: { fieldRef: { fieldPath: metadata.name } }
  - name: BUS_PASSWORD
    valueFrom: { secretKeyRef: { name: {{ .root.Values.bus.existingSecret }}, key: token } }
  # a variable is read as a piece of configuration: in quotes a password stays one
  - name: BUS_PASSWORD_QUOTED
    value: '"$(BUS_PASSWORD)"'
startupProbe:
  httpGet: { path: "/healthz?js-enabled-only=true", port: monitor }
  periodSeconds: 2
  failureThreshold: 150
livenessProbe:
  httpGet: { path: "/healthz?js-enabled-only=true", port: monitor }
  failureThreshold: 6
readinessProbe:
  httpGet: { path: "/healthz?js-server-only=true", port: monitor }
  periodSeconds: 5
{{- end }}

{{- define "isocenter.opensearch-configuration" }}{{ end }}

{{- define "isocenter.opensearch-process" -}}
{{- $full := printf "%s-opensearch" (include "isocenter.name" .root) -}}
{{- $names := list -}}
{{- range $i, $_ := until (int .set.replicas) }}{{ $names = append $names (printf "%s-%d" $full $i) }}{{ end -}}
args:
  - opensearch
  - -Ecluster.name=isocenter
  - -Enode.name=$(POD_NAME)
  - -Enetwork.host=0.0.0.0
  - -Epath.data=/data
  - -Epath.logs=/tmp
  - -Eaction.auto_create_index=false
  - -Enode.store.allow_mmap=false # else nodes need vm.max_map_count
  {{- if gt (int .set.replicas) 1 }}
  - -Ediscovery.seed_hosts={{ $full }}
  - -Ecluster.initial_cluster_manager_nodes={{ join "," $names }}
  {{- else }}
  - -Ediscovery.type=single-node
  {{- end }}
env:
  - name: POD_NAME
    valueFrom: { fieldRef: { fieldPath: metadata.name } }
startupProbe:
  tcpSocket: { port: http }
  periodSeconds: 5
  failureThreshold: 60
livenessProbe:
  tcpSocket: { port: http }
  failureThreshold: 6
readinessProbe:
  httpGet: { path: "/_cluster/health?local=true", port: http }
  periodSeconds: 5
{{- end }}

{{- define "isocenter.minio-configuration" }}{{ end }}

{{- define "isocenter.minio-process" -}}
args: [server, --address, ":9000", --quiet, /data]
env:
  # without it a single drive acknowledges before the folder is synced, and a power cut loses objects
  - { name: MINIO_FS_OSYNC, value: "on" }
  - { name: MINIO_BROWSER, value: "off" }
  - { name: MINIO_UPDATE, value: "off" }
  - name: MINIO_ROOT_USER
    valueFrom: { secretKeyRef: { name: {{ .root.Values.objects.existingSecret }}, key: access-key } }
  - name: MINIO_ROOT_PASSWORD
    valueFrom: { secretKeyRef: { name: {{ .root.Values.objects.existingSecret }}, key: secret-key } }
startupProbe:
  httpGet: { path: /minio/health/live, port: s3 }
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /minio/health/live, port: s3 }
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /minio/health/cluster, port: s3 }
  periodSeconds: 5
{{- end }}
