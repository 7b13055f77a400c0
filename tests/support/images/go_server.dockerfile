# A server that is one program without libraries, as the user of our pods. Context: a folder with the program.
FROM scratch
COPY program /usr/bin/program
USER 10001:10001
ENV PATH=/usr/bin HOME=/tmp
ENTRYPOINT ["/usr/bin/program"]
