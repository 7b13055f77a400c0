{{/* Everything that must not be installed so, told together. */}}
{{- define "isocenter.refuse" -}}
{{- $bad := list -}}
{{- $v := .Values -}}
{{- $running := include "isocenter.running" . | fromJsonArray -}}
{{- range $backend := list "objects" "index" "bus" -}}
  {{- $server := include "isocenter.server" $backend -}}
  {{- $bundled := index $v.bundled $server -}}
  {{- if not (or (index $v $backend "url") $bundled.enabled) -}}
    {{- $bad = append $bad (printf "set %s.url, or enable bundled.%s" $backend $server) -}}
  {{- end -}}
  {{- if and (index $v $backend "url") $bundled.enabled -}}
    {{- $bad = append $bad (printf "%s.url and bundled.%s.enabled: only one of them can be" $backend $server) -}}
  {{- end -}}
  {{- if and $bundled.enabled (not $bundled.image) -}}
    {{- $bad = append $bad (printf "bundled.%s needs an image" $server) -}}
  {{- end -}}
{{- end -}}
{{- range $what := list "objects" "bus" "rpc" -}}
  {{- if not (index $v $what "existingSecret") -}}
    {{- $bad = append $bad (printf "set %s.existingSecret: the chart makes no Secret" $what) -}}
  {{- end -}}
{{- end -}}
{{- $exposedHttp := or $v.http.httpRoute.enabled $v.http.ingress.enabled -}}
{{- if and $exposedHttp (not (or $v.access.existingSecret $v.access.oidc.issuer)) -}}
  {{- $bad = append $bad "HTTP is exposed without authentication: set access.existingSecret" -}}
{{- end -}}
{{- with $v.access.oidc -}}
  {{- if and .issuer (or (not .audience) (eq .audience .clientId)) -}}
    {{- $bad = append $bad "set access.oidc.audience, to something else than the client" -}}
  {{- end -}}
  {{- if and .issuer .clientId (not (and .existingSecret $v.http.publicUrl)) -}}
    {{- $bad = append $bad "access.oidc.clientId needs access.oidc.existingSecret and http.publicUrl" -}}
  {{- end -}}
{{- end -}}
{{- if and $exposedHttp $v.networkPolicy.enabled (not $v.http.peers) -}}
  {{- $bad = append $bad "set http.peers: where the gateway's pods are" -}}
{{- end -}}
{{- if and $v.http.httpRoute.enabled (not $v.http.httpRoute.parentRefs) -}}
  {{- $bad = append $bad "set http.httpRoute.parentRefs: the gateway" -}}
{{- end -}}
{{- if and $v.http.ingress.enabled (not (has "web" $running)) -}}
  {{- $bad = append $bad "http.ingress needs services.web.enabled: an Ingress cannot tell POST from GET" -}}
{{- end -}}
{{- if ne $v.dicom.service.type "ClusterIP" -}}
  {{- if $v.dicom.acceptUnknown -}}
    {{- $bad = append $bad "DICOM is exposed without authentication: dicom.acceptUnknown lets everybody send" -}}
  {{- end -}}
  {{- if not $v.access.aeList -}}
    {{- $bad = append $bad "DICOM is exposed without authentication: set access.aeList" -}}
  {{- end -}}
{{- end -}}
{{- if and $v.index.ownAuthority (not (index $v.index "existingSecret")) -}}
  {{- $bad = append $bad "index.ownAuthority needs index.existingSecret" -}}
{{- end -}}
{{- if and $v.dicom.tls.askPeers (not $v.dicom.tls.existingSecret) -}}
  {{- $bad = append $bad "dicom.tls.askPeers needs dicom.tls.existingSecret" -}}
{{- end -}}
{{- if and $v.metrics.serviceMonitor.enabled (not $v.metrics.existingSecret) -}}
  {{- $bad = append $bad "metrics are exposed without authentication: set metrics.existingSecret" -}}
{{- end -}}
{{- if and $v.metrics.serviceMonitor.enabled $v.networkPolicy.enabled (not $v.metrics.peers) -}}
  {{- $bad = append $bad "set metrics.peers: where the scraper's pods are" -}}
{{- end -}}
{{- if and $v.spool.acknowledge (not $v.spool.persistence.enabled) -}}
  {{- $bad = append $bad "spool.acknowledge needs spool.persistence.enabled: what is acknowledged from a spool has to outlive its pod" -}}
{{- end -}}
{{- if gt (int $v.bus.replicas) 1 -}}
  {{- if and $v.bundled.nats.enabled (gt (int $v.bus.replicas) (int $v.bundled.nats.replicas)) -}}
    {{- $bad = append $bad "bus.replicas is more than bundled.nats.replicas" -}}
  {{- end -}}
{{- end -}}
{{- range $name := $running -}}
  {{- $service := index $v.services $name -}}
  {{- if and (eq $service.autoscaling.by "lag") (not $v.bus.monitoring) -}}
    {{- $bad = append $bad (printf "services.%s.autoscaling by lag needs bus.monitoring" $name) -}}
  {{- end -}}
  {{- range $service.calls -}}
    {{- if not (hasKey $v.services .) -}}
      {{- $bad = append $bad (printf "services.%s calls %s, which is no service" $name .) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if $bad }}{{ fail (printf "\n  - %s" (join "\n  - " $bad)) }}{{ end -}}
{{- end }}
