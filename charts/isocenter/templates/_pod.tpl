{{/* What every pod here has in common. Takes root and part; account where ours is not there yet. */}}
{{- define "isocenter.pod" -}}
{{- $pod := .root.Values.pod -}}
# no token for the API; and Kubernetes' own ISOCENTER_INGEST_SERVICE_HOST would be a setting nobody knows
serviceAccountName: {{ .account | default (include "isocenter.name" .root) }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ $pod.user }}
  runAsGroup: {{ $pod.user }}
  fsGroup: {{ $pod.user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $pod.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pod.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pod.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{- define "isocenter.spread" -}}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: {{ $.root.Values.pod.spread }}
    labelSelector:
      matchLabels:
        {{- include "isocenter.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}

{{- define "isocenter.container-security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: {{ .Values.pod.user }}
runAsGroup: {{ .Values.pod.user }}
capabilities: { drop: [ALL] }
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{/* Memory asked for is memory had; CPU may be more. Takes cpu, memory and disk. */}}
{{- define "isocenter.resources" -}}
requests: { cpu: {{ .cpu | quote }}, memory: {{ .memory }}, ephemeral-storage: {{ .disk }} }
limits: { memory: {{ .memory }}, ephemeral-storage: {{ .disk }} }
{{- end }}
