//! The words for where a task stands, as AWS has them.

use core::fmt;

/// An enum whose variants have AWS's words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$of])* $variant,)*
        }

        impl $name {
            /// AWS's word for it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What AWS's word says; `None` for another word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// Where a task was last known to stand; a task only ever moves down this list
    /// (it may leave out steps).
    TaskStatus {
        /// Its network interface or Fargate server is being prepared, or it waits
        /// for the capacity of a provider.
        Provisioning = "PROVISIONING",
        /// It waits at the agent, or its containers are starting.
        Pending = "PENDING",
        /// Its containers run; a load balancer or the like is being told.
        Activating = "ACTIVATING",
        /// It runs.
        Running = "RUNNING",
        /// A load balancer or the like is being told that it will stop.
        Deactivating = "DEACTIVATING",
        /// Its containers were told to stop.
        Stopping = "STOPPING",
        /// Its network interface or Fargate server is being given back.
        Deprovisioning = "DEPROVISIONING",
        /// It holds nothing any more.
        Stopped = "STOPPED",
    }
}

words! {
    /// Where a task shall be.
    DesiredStatus {
        /// Running.
        Running = "RUNNING",
        /// Stopped; there is no way back.
        Stopped = "STOPPED",
    }
}

words! {
    /// Why a task stopped.
    StopCode {
        /// It never came to run.
        TaskFailedToStart = "TaskFailedToStart",
        /// One of its essential containers exited.
        EssentialContainerExited = "EssentialContainerExited",
        /// `StopTask`.
        UserInitiated = "UserInitiated",
        /// Its service or a drain.
        ServiceSchedulerInitiated = "ServiceSchedulerInitiated",
        /// Fargate Spot took the capacity back.
        SpotInterruption = "SpotInterruption",
        /// Its instance is gone.
        TerminationNotice = "TerminationNotice",
    }
}

words! {
    /// What health checks say.
    Health {
        /// All checks of essential containers pass.
        Healthy = "HEALTHY",
        /// One of them fails.
        Unhealthy = "UNHEALTHY",
        /// There is none, or one has not said yet.
        Unknown = "UNKNOWN",
    }
}

words! {
    /// On what a task runs.
    LaunchType {
        /// Container instances of one's own.
        Ec2 = "EC2",
        /// Fargate.
        Fargate = "FARGATE",
        /// Servers outside AWS; placed like EC2.
        External = "EXTERNAL",
    }
}

words! {
    /// Where a container stands.
    ContainerStatus {
        /// It waits for the task's resources or for other containers.
        Pending = "PENDING",
        /// The agent was told to start it.
        Starting = "STARTING",
        /// It runs.
        Running = "RUNNING",
        /// It was told to stop.
        Stopping = "STOPPING",
        /// It has exited, or never started and will not.
        Stopped = "STOPPED",
    }
}
