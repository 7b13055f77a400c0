#!/bin/bash
# A whole cluster of one node with real containers that leaves the machine as it is: run, as root, inside mount, network
# and pid namespaces of its own (`unshare -m -n -p -f --mount-proc --propagation private --kill-child=KILL`). Everything
# in it ends with it. Ready once $DIR/ready is there; needs containerd, runc, CNI's plugins, iptables and conntrack.
set -eu
: "${DIR:?a folder for its state}" "${BIN:?the folder of the programs}" "${IMAGES:?a folder of images, *.tar}"
here=$(cd "$(dirname "$0")" && pwd)
. "$here/starting.sh"
ADDRESS=10.97.0.1
NAMES=10.97.0.10

own_view() { # of the machine: /etc and /var that may be written, an empty /run
  mkdir -p "$DIR"/{containerd,etc,etc.work,var,var.work,sysctl}
  mount -t overlay overlay -o "lowerdir=/etc,upperdir=$DIR/etc,workdir=$DIR/etc.work" /etc
  mount -t overlay overlay -o "lowerdir=/var,upperdir=$DIR/var,workdir=$DIR/var.work" /var
  mount -t tmpfs tmpfs /run
  mkdir -p /run/lock
  mount --make-rshared /
}

own_sysctls() { # the kubelet sets these for the whole machine: it is shown files that have its values already
  local setting file
  for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    file=$DIR/sysctl/$(echo "${setting%=*}" | tr / _)
    echo "${setting#*=}" >"$file"
    mount --bind "$file" "/proc/sys/${setting%=*}"
  done
}

own_network() { # kubelet and kube-proxy look for a default route: a veth pair is one where there is no dummy device
  ip link set lo up
  ip addr add "$ADDRESS/32" dev lo
  ip addr add "$NAMES/32" dev lo
  ip link add up0 type veth peer name up1
  ip link set up1 up
  ip addr add 10.98.0.2/24 dev up0
  ip link set up0 up
  ip route add default via 10.98.0.1 dev up0
  echo 1 >/proc/sys/net/ipv4/ip_forward
}

containers() {
  mkdir -p /etc/cni/net.d /etc/containerd
  cat >/etc/cni/net.d/10-bridge.conflist <<C
{"cniVersion":"0.4.0","name":"bridge","plugins":[
 {"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":true,"hairpinMode":true,
  "ipam":{"type":"host-local","ranges":[[{"subnet":"10.244.0.0/24"}]],"routes":[{"dst":"0.0.0.0/0"}]}},
 {"type":"portmap","capabilities":{"portMappings":true}}]}
C
  cat >/etc/containerd/config.toml <<C
version = 2
root = "$DIR/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs","io.containerd.snapshotter.v1.btrfs","io.containerd.snapshotter.v1.zfs","io.containerd.snapshotter.v1.devmapper"]
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/isocenter/pause:dev"
  restrict_oom_score_adj = true
  disable_tcp_service = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
C
  start containerd containerd -c /etc/containerd/config.toml
  until_true 60 ctr version
  local image
  for image in "$IMAGES"/*.tar; do
    ctr -n k8s.io images import "$image" >/dev/null
  done
}

control_plane() {
  export NODES=0 BIND=0.0.0.0 ADVERTISE=$ADDRESS RECONCILER=lease MORE_NAMES=IP:$ADDRESS
  export STORAGE=kubernetes.io/no-provisioner
  export API_PORT=16443 ETCD_PORT=12379 ETCD_PEER_PORT=12380 CONTROLLERS_PORT=11257 SCHEDULER_PORT=11259 KWOK_PORT=10247
  mkdir "$DIR/control"
  DIR=$DIR/control start control-plane bash "$here/control_plane.sh"
  until_true 120 test -e "$DIR/control/ready"
  ln -s control/admin.conf "$DIR/admin.conf"
  export KUBECONFIG=$DIR/admin.conf
}

volumes() { # static `local` ones: to those the kubelet applies fsGroup, to hostPath ones not
  local number
  for number in 0 1 2 3 4 5; do
    mkdir -p "$DIR/volumes/$number"
    cat <<C
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: local-$number}
spec:
  storageClassName: standard
  capacity: {storage: 10Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  local: {path: $DIR/volumes/$number}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [real-0]}]}]}}
C
  done | "$BIN/hyperkube" kubectl apply -f - >/dev/null
}

node() {
  cat >"$DIR/kubelet.yaml" <<C
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
clusterDNS: [$NAMES]
clusterDomain: cluster.local
cgroupDriver: cgroupfs
cgroupRoot: /
failCgroupV1: false
failSwapOn: false
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
resolvConf: ""
enforceNodeAllocatable: []
evictionHard: {memory.available: "100Mi"}
imageGCHighThresholdPercent: 100
volumePluginDir: /var/lib/kubelet/volplugins
readOnlyPort: 0
C
  start kubelet "$BIN/nodekube" kubelet --config="$DIR/kubelet.yaml" --kubeconfig="$DIR/control/node.conf" \
    --hostname-override=real-0 --node-ip="$ADDRESS"
  start kube-proxy "$BIN/nodekube" kube-proxy --kubeconfig="$DIR/admin.conf" --proxy-mode=iptables \
    --hostname-override=real-0 --cluster-cidr=10.244.0.0/16 --conntrack-max-per-core=0 \
    --conntrack-tcp-timeout-established=0 --conntrack-tcp-timeout-close-wait=0
  cat >"$DIR/Corefile" <<C
.:53 {
  bind $NAMES
  errors
  health $NAMES:8181
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $DIR/admin.conf c
  }
}
C
  start coredns "$BIN/coredns" -conf "$DIR/Corefile"
  until_true 120 "$BIN/hyperkube" kubectl wait --for=condition=Ready node/real-0 --timeout=1s
}

umask 022 # pods of other users read what is below
mkdir -p "$DIR"
own_view
own_sysctls
own_network
containers
control_plane
volumes
node
touch "$DIR/ready"
first_to_end
