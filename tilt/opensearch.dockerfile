# With the plugins that names are analysed by, and a keystore made before: its root is read-only in the pod.
FROM opensearchproject/opensearch:3.8.0
RUN opensearch-plugin remove opensearch-security 2>/dev/null || true \
 ; opensearch-plugin install --batch analysis-icu && opensearch-plugin install --batch analysis-phonetic \
 && sed -i -e '/gc.log/d' -e '/HeapDump/d' config/jvm.options \
 && (test -e config/opensearch.keystore || opensearch-keystore create) && chmod -R a+rX config
ENV OPENSEARCH_TMPDIR=/tmp
