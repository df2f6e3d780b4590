# shellcheck shell=bash
# mpi.sh: what Open MPI needs to run more ranks than cores, as root and in a
# container, and to start quickly. Sourced, so that the program itself stays
# free of it.

if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
export OMPI_MCA_rmaps_base_oversubscribe=1
# Two ranks would otherwise be bound to one core each, with all their threads.
export OMPI_MCA_hwloc_base_binding_policy=none
# Containers forbid the cross-memory attach that vader would like to use.
export OMPI_MCA_btl_vader_single_copy_mechanism=none
# UCX takes half of the start-up time and nothing here needs it.
export OMPI_MCA_pml=ob1
