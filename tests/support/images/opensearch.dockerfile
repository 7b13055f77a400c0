# OpenSearch as our pods run it: root read-only, so its keystore is made here and its own logs go to the console.
# Context: a folder with the server and a Java cut down to what it asks for.
ARG BASE=docker.io/library/python:3.11-slim-bookworm
FROM ${BASE}
COPY java /usr/share/java-runtime
COPY opensearch /usr/share/opensearch
ENV PATH=/usr/share/opensearch/bin:/usr/bin:/bin OPENSEARCH_JAVA_HOME=/usr/share/java-runtime OPENSEARCH_TMPDIR=/tmp \
    OPENSEARCH_PATH_CONF=/usr/share/opensearch/config HOME=/tmp
RUN cd /usr/share/opensearch \
 && sed -i -e '/gc.log/d' -e '/HeapDump/d' -e 's#logs/hs_err#/tmp/hs_err#' config/jvm.options \
 && printf '%s\n' 'status = error' 'appender.c.type = Console' 'appender.c.name = c' \
      'appender.c.layout.type = PatternLayout' 'appender.c.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}]%marker %m%n' \
      'rootLogger.level = warn' 'rootLogger.appenderRef.c.ref = c' > config/log4j2.properties \
 && opensearch-keystore create && chown -R 10001:10001 config && chmod -R go=u-w config
USER 10001:10001
WORKDIR /usr/share/opensearch
EXPOSE 9200 9300
CMD ["opensearch"]
