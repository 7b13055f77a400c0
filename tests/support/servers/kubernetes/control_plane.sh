#!/bin/bash
# A Kubernetes control plane on loopback, without containers: etcd, kube-apiserver, controller-manager, scheduler, and
# kwok's simulated nodes where NODES is more than 0. It runs in the foreground and is ready once $DIR/ready is there;
# it ends with whoever started it, or with any of its own, and takes all of them along.
set -eu
: "${DIR:?a folder for its state}" "${BIN:?the folder of the programs}"
: "${API_PORT:?}" "${ETCD_PORT:?}" "${ETCD_PEER_PORT:?}" "${CONTROLLERS_PORT:?}" "${SCHEDULER_PORT:?}" "${KWOK_PORT:?}"
NODES=${NODES:-2}
STORAGE=${STORAGE:-kubernetes.io/host-path} # a provisioner
here=$(cd "$(dirname "$0")" && pwd)
hyperkube=$BIN/hyperkube
export KUBECONFIG=$DIR/admin.conf
. "$here/starting.sh"

access() { # FILE TOKEN: how one of its users reaches it
  cat >"$1" <<K
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:$API_PORT", certificate-authority: $DIR/pki/ca.crt}}]
users: [{name: u, user: {token: $2}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
K
}

sign() { # NAME SUBJECT EXTENSIONS
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$2" -keyout "$1.key" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out "$1.crt" -extfile <(echo "$3")
}

trust() { # certificates, tokens and who has them
  mkdir -p "$DIR/pki" && cd "$DIR/pki"
  local names="DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:10.96.0.1"
  {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=test-ca -keyout ca.key -out ca.crt
    sign api /CN=kube-apiserver "subjectAltName=$names${MORE_NAMES:+,$MORE_NAMES}"
    openssl genrsa -out sa.key 2048
  } 2>/dev/null
  local user
  declare -A token
  for user in admin controllers scheduler node; do
    token[$user]=$(openssl rand -hex 16)
    access "$DIR/$user.conf" "${token[$user]}"
  done
  cat >tokens.csv <<T
${token[admin]},admin,1,"system:masters"
${token[controllers]},system:kube-controller-manager,2
${token[scheduler]},system:kube-scheduler,3
${token[node]},system:node:real-0,4,"system:nodes"
T
  cd - >/dev/null
}

api_server() {
  start etcd "$hyperkube" etcd --data-dir "$DIR/etcd" --log-level=warn --unsafe-no-fsync \
    --listen-client-urls "http://127.0.0.1:$ETCD_PORT" --advertise-client-urls "http://127.0.0.1:$ETCD_PORT" \
    --listen-peer-urls "http://127.0.0.1:$ETCD_PEER_PORT"
  start apiserver "$hyperkube" kube-apiserver --etcd-servers="http://127.0.0.1:$ETCD_PORT" --secure-port="$API_PORT" \
    --bind-address="${BIND:-127.0.0.1}" --advertise-address="${ADVERTISE:-127.0.0.1}" \
    --endpoint-reconciler-type="${RECONCILER:-none}" --tls-cert-file="$DIR/pki/api.crt" \
    --tls-private-key-file="$DIR/pki/api.key" --cert-dir="$DIR/pki" --token-auth-file="$DIR/pki/tokens.csv" \
    --authorization-mode=Node,RBAC --allow-privileged=true --enable-admission-plugins=NodeRestriction \
    --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$DIR/pki/sa.key" \
    --service-account-signing-key-file="$DIR/pki/sa.key" --service-cluster-ip-range=10.96.0.0/16 \
    --kubelet-preferred-address-types=InternalIP --profiling=false
  until_true 90 "$hyperkube" kubectl get --raw /readyz
}

controllers() {
  umask 0 # for the folders of the host-path provisioner
  start controllers "$hyperkube" kube-controller-manager --kubeconfig="$DIR/controllers.conf" --bind-address=127.0.0.1 \
    --secure-port="$CONTROLLERS_PORT" --service-account-private-key-file="$DIR/pki/sa.key" \
    --root-ca-file="$DIR/pki/ca.crt" --use-service-account-credentials=true --cluster-cidr=10.244.0.0/16 \
    --allocate-node-cidrs=false --enable-hostpath-provisioner=true --leader-elect=false
  umask 077
  start scheduler "$hyperkube" kube-scheduler --kubeconfig="$DIR/scheduler.conf" --bind-address=127.0.0.1 \
    --secure-port="$SCHEDULER_PORT" --leader-elect=false
  "$hyperkube" kubectl apply -f - >/dev/null <<K
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: standard, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: $STORAGE
volumeBindingMode: $([ "$STORAGE" = kubernetes.io/no-provisioner ] && echo WaitForFirstConsumer || echo Immediate)
K
}

simulated_nodes() {
  local number
  for number in $(seq "$NODES"); do
    sed "s/NAME/simulated-$number/g" "$here/kwok_node.yaml"
    echo ---
  done | "$hyperkube" kubectl apply -f - >/dev/null
  start kwok "$hyperkube" kwok --kubeconfig="$DIR/admin.conf" --manage-all-nodes=true --node-lease-duration-seconds=40 \
    --config="$here/kwok_stages.yaml" --server-address="127.0.0.1:$KWOK_PORT"
  until_true 60 "$hyperkube" kubectl wait --for=condition=Ready node --all --timeout=1s
}

umask 077
mkdir -p "$DIR/etcd"
trust
api_server
controllers
[ "$NODES" = 0 ] || simulated_nodes
until_true 60 "$hyperkube" kubectl get serviceaccount default
touch "$DIR/ready"
first_to_end
