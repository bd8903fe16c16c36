import grpc.aio

from . import api_pb2 as pb

class RunsStub:
    def __init__(self, channel: grpc.aio.Channel) -> None: ...
    Start: grpc.aio.UnaryUnaryMultiCallable[pb.StartRequest, pb.StartReply]
    StartAndWait: grpc.aio.UnaryUnaryMultiCallable[pb.StartAndWaitRequest, pb.EndedReply]
    Ended: grpc.aio.UnaryUnaryMultiCallable[pb.EndedRequest, pb.EndedReply]
    Signal: grpc.aio.UnaryUnaryMultiCallable[pb.SignalRequest, pb.Done]
    Query: grpc.aio.UnaryUnaryMultiCallable[pb.QueryRequest, pb.QueryReply]
    Describe: grpc.aio.UnaryUnaryMultiCallable[pb.RunRequest, pb.Description]
    Report: grpc.aio.UnaryUnaryMultiCallable[pb.RunRequest, pb.RunReport]
    List: grpc.aio.UnaryUnaryMultiCallable[pb.ListRequest, pb.ListReply]
    Count: grpc.aio.UnaryUnaryMultiCallable[pb.CountRequest, pb.CountReply]
    Tree: grpc.aio.UnaryUnaryMultiCallable[pb.RunRequest, pb.Branch]
    Watch: grpc.aio.UnaryStreamMultiCallable[pb.RunRequest, pb.Change]
    Cancel: grpc.aio.UnaryUnaryMultiCallable[pb.CancelRequest, pb.Done]
    Terminate: grpc.aio.UnaryUnaryMultiCallable[pb.TerminateRequest, pb.Done]
    Pause: grpc.aio.UnaryUnaryMultiCallable[pb.RunRequest, pb.Done]
    Resume: grpc.aio.UnaryUnaryMultiCallable[pb.RunRequest, pb.Done]
    Tag: grpc.aio.UnaryUnaryMultiCallable[pb.TagRequest, pb.Done]
    Delete: grpc.aio.UnaryUnaryMultiCallable[pb.DeleteRequest, pb.DeleteReply]
    DeleteMany: grpc.aio.UnaryUnaryMultiCallable[pb.DeleteManyRequest, pb.DeleteReply]
    Prune: grpc.aio.UnaryUnaryMultiCallable[pb.PruneRequest, pb.DeleteReply]

def add_RunsServicer_to_server(servicer: object, server: grpc.aio.Server) -> None: ...

class ProgramsStub:
    def __init__(self, channel: grpc.aio.Channel) -> None: ...
    Deploy: grpc.aio.UnaryUnaryMultiCallable[pb.DeployRequest, pb.ProgramsReply]
    List: grpc.aio.UnaryUnaryMultiCallable[pb.Nothing, pb.ProgramsReply]
    Retire: grpc.aio.UnaryUnaryMultiCallable[pb.RetireRequest, pb.Done]

def add_ProgramsServicer_to_server(servicer: object, server: grpc.aio.Server) -> None: ...

class ClusterStub:
    def __init__(self, channel: grpc.aio.Channel) -> None: ...
    Show: grpc.aio.UnaryUnaryMultiCallable[pb.Nothing, pb.ClusterReply]
    Discover: grpc.aio.UnaryUnaryMultiCallable[pb.Nothing, pb.DiscoverReply]
    Admit: grpc.aio.UnaryUnaryMultiCallable[pb.AdmitRequest, pb.AdmitReply]
    Remove: grpc.aio.UnaryUnaryMultiCallable[pb.RemoveRequest, pb.Done]
    Transfer: grpc.aio.UnaryUnaryMultiCallable[pb.TransferRequest, pb.Done]
    MakeGroup: grpc.aio.UnaryUnaryMultiCallable[pb.MakeGroupRequest, pb.GroupReply]
    ChangeGroup: grpc.aio.UnaryUnaryMultiCallable[pb.ChangeGroupRequest, pb.GroupReply]
    CatchUp: grpc.aio.UnaryUnaryMultiCallable[pb.Nothing, pb.Done]
    Token: grpc.aio.UnaryUnaryMultiCallable[pb.Nothing, pb.TokenReply]
    Health: grpc.aio.UnaryUnaryMultiCallable[pb.Nothing, pb.HealthReply]

def add_ClusterServicer_to_server(servicer: object, server: grpc.aio.Server) -> None: ...
