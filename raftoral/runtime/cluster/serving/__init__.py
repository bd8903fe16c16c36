"""What a node offers to whoever asks it: runs of all groups, one group to another node, and the cluster itself.

asks -> desks -> within, membership -> service
"""
