{{- define "pegel-lib.name" -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 53 | trimSuffix "-" }}
{{- end -}}

{{- define "pegel-lib.selector" -}}
pegel.hafen.example/name: {{ .Chart.Name }}
pegel.hafen.example/release: {{ .Release.Name }}
{{- end -}}

{{- define "pegel-lib.labels" -}}
{{ include "pegel-lib.selector" . }}
pegel.hafen.example/version: {{ .Chart.Version | replace "+" "_" | quote }}
{{- end -}}
